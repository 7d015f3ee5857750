import { FAILURE_CODES, RENDER_ID, STEPS } from '@darkroom/shared';
import { z } from 'zod';

/** The shapes of the API's answers. Clients may rely on every field being there; more may come. */

export const RENDER_STATUSES = ['queued', 'rendering', 'storing', 'completed', 'failed', 'canceled'] as const;

const id = z.string().regex(RENDER_ID);
const links = z.object({ self: z.url(), dashboard: z.url() });
const common = {
  id,
  object: z.literal('render'),
  status: z.enum(RENDER_STATUSES),
  /** 0-100. */
  progress: z.number().int().min(0).max(100),
  created_at: z.iso.datetime(),
  links,
};

/** `POST /v1/renders`, 202. */
export const acceptedSchema = z.strictObject({
  ...common,
  /** True when this idempotency key had made the render before: status and progress are its present ones. */
  duplicate: z.boolean(),
});

/** `GET /v1/renders/{id}`, 200. */
export const renderSchema = z.strictObject({
  ...common,
  /** Purchases begun. */
  attempts: z.number().int(),
  task_ids: z.array(z.string()),
  updated_at: z.iso.datetime(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** There once the render is completed. */
  image: z
    .strictObject({
      key: z.string(),
      /** Signed and short-lived where the store can sign, else served by the API. Ask again for a fresh one. */
      url: z.url(),
      sha256: z.string(),
      bytes: z.number().int(),
      width: z.number().int(),
      height: z.number().int(),
      content_type: z.string(),
      thumbnail_url: z.url(),
    })
    .nullable(),
  /** What was spent so far; refunded purchases cost nothing. */
  cost: z.strictObject({
    amount: z.string().regex(/^\d+\.\d{3,6}$/),
    currency: z.literal('USD'),
    purchases: z.number().int(),
    refunded: z.number().int(),
  }),
  error: z.strictObject({ code: z.enum(FAILURE_CODES), message: z.string(), step: z.enum(STEPS) }).nullable(),
});

/** Any 4xx or 5xx. */
export const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  problems: z.array(z.strictObject({ field: z.string(), expected: z.string(), got: z.string() })),
  request_id: z.string(),
  render_id: id.optional(),
});

/** `POST /v1/renders/bulk`, 202 or 207: an entry for each item, in the order of the request. */
export const bulkSchema = z.strictObject({
  object: z.literal('bulk'),
  accepted: z.number().int(),
  duplicates: z.number().int(),
  rejected: z.number().int(),
  items: z.array(
    z.union([
      z.strictObject({
        index: z.number().int(),
        line: z.number().int().optional(),
        status: z.literal(202),
        render: acceptedSchema,
      }),
      z.strictObject({
        index: z.number().int(),
        line: z.number().int().optional(),
        status: z.number().int().min(400),
        error: problemSchema,
      }),
    ]),
  ),
});

export type AcceptedAnswer = z.infer<typeof acceptedSchema>;
export type RenderAnswer = z.infer<typeof renderSchema>;
export type BulkAnswer = z.infer<typeof bulkSchema>;
