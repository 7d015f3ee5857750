import { z } from 'zod';
import { BATCH_ID } from './batches.ts';
import {
  FAILURE_CODES,
  FINAL_STATUSES,
  PRIORITIES,
  RENDER_ID,
  RENDER_STATUSES,
  RUN,
  TENANT,
} from './fields.ts';
import { metadata, webhookUrl } from './request.ts';
import { amountSchema, renderSchema } from './responses.ts';

/**
 * - `open`: it takes renders
 * - `sealed`: it takes no more renders, and ends when its last one has ended
 * - `canceling`: it buys nothing more; images that are bought are still stored
 * - `finished`: all its renders have ended
 */
export const RUN_STATUSES = ['open', 'sealed', 'canceling', 'finished'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

const dollars = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, { error: 'expected an amount of dollars as a string, such as "12.50"' });

const reason = z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' });

/** The body of `POST /v1/runs`. */
export const runRequestSchema = z
  .strictObject({
    id: z
      .string()
      .regex(RUN)
      .refine((id) => !BATCH_ID.test(id), {
        error: 'expected another id: batch_ and 32 hexadecimal digits is the run of a batch',
      })
      .optional()
      .meta({
        description:
          'The `run` of its renders. The same id with the same definition is the same run; with another definition it is a conflict. Without it, Darkroom draws one. The id of a batch is refused: a batch creates its run itself.',
      }),
    name: z.string().trim().min(1).max(200).optional().meta({ description: 'For people.' }),
    tenant: z.string().regex(TENANT).optional().meta({
      description: "The tenant of the run: the key's own, unless it is a key of an operator of all tenants.",
    }),
    lane: z
      .enum(PRIORITIES)
      .optional()
      .meta({ description: 'The `priority` of its renders that have none. `interactive` by default.' }),
    deadline: z.iso.datetime().optional().meta({
      description:
        'From then on nothing more is bought: renders that were not bought are canceled, images that are bought are still stored. The run takes no more renders.',
    }),
    budget: dollars.optional().meta({
      description:
        'A hard limit in dollars for what its renders may cost together. Over it, renders wait. It is a budget of its own, which an operator can raise.',
    }),
    webhook_url: webhookUrl.optional().meta({
      description: 'Gets the webhook `run.finished`. The rules are those of the `webhook_url` of a render.',
    }),
    metadata: metadata.optional().meta({ description: 'Your own data. Darkroom returns it with the run.' }),
  })
  .meta({ id: 'RunRequest' });

/** The body of `POST /v1/runs/{id}/seal` and `cancel`. */
export const runChangeSchema = z.strictObject({ reason }).meta({ id: 'RunChange' });

const count = z.number().int().min(0);

/** Why a run has no ETA. Of several reasons the first one of this list. */
export const RUN_ETA_REASONS = ['ended', 'restoring', 'none_remain', 'too_few_samples'] as const;
export type RunEtaReason = (typeof RUN_ETA_REASONS)[number];

/** A run, as all responses and the webhook have it. */
export const runSchema = z
  .strictObject({
    object: z.literal('run'),
    id: z.string().regex(RUN),
    tenant: z.string(),
    name: z.string().nullable(),
    status: z.enum(RUN_STATUSES).meta({
      description:
        '`finished` is final, unless an operator redrives failed renders: then the run is `sealed` again until they have ended.',
    }),
    total: count.meta({ description: 'All renders of the run.' }),
    counts: z
      .strictObject(
        Object.fromEntries(RENDER_STATUSES.map((status) => [status, count])) as Record<
          (typeof RENDER_STATUSES)[number],
          typeof count
        >,
      )
      .meta({ description: 'How many of its renders have each status.' }),
    counts_complete: z.boolean().meta({
      description:
        'False after the queue has lost its data, until a worker has counted the renders again. Then all counts and amounts of this response may be too low.',
    }),
    rate: z.number().nullable().meta({
      description: 'Renders that ended per minute, in the last ten minutes. Null if none did.',
    }),
    eta: z.iso.datetime().nullable().meta({
      description: 'When the last render ends, at this rate.',
    }),
    eta_reason: z.enum(RUN_ETA_REASONS).nullable().meta({
      description:
        'Why there is no ETA. Null when there is one. `ended`: the run has finished. `restoring`: the renders are counted again after the queue has lost its data. `none_remain`: all of its renders have ended, and it takes more. `too_few_samples`: no render has ended in the last ten minutes.',
    }),
    spent: amountSchema.meta({ description: 'What its purchases cost, without refunds.' }),
    refunded: amountSchema,
    possibly_spent: amountSchema.meta({ description: 'What the provider may have charged besides.' }),
    currency: z.literal('USD'),
    lane: z.enum(PRIORITIES).nullable(),
    deadline: z.iso.datetime().nullable(),
    budget: amountSchema.nullable(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    created_at: z.iso.datetime(),
    created_by: z.string(),
    sealed_at: z.iso.datetime().nullable().meta({ description: 'Since then it takes no more renders.' }),
    canceled_at: z.iso.datetime().nullable(),
    cancel_reason: z.string().nullable(),
    finished_at: z.iso.datetime().nullable().meta({ description: 'Of its last end. Null while it runs.' }),
    ends: count.meta({ description: 'How often it has finished: more than once after redrives.' }),
    links: z.strictObject({ self: z.url(), results: z.url() }),
  })
  .meta({ id: 'Run' });

/** `GET /v1/runs`, 200. */
export const runListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(runSchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'RunList' });

/** One line of `GET /v1/runs/{id}/results`. */
export const runResultSchema = z
  .strictObject({
    id: z.string().regex(RENDER_ID),
    object: z.literal('run_result'),
    status: z.enum(FINAL_STATUSES),
    finished_at: z.iso.datetime(),
    spent: amountSchema,
    refunded: amountSchema,
    possibly_spent: amountSchema,
    error_code: z.enum(FAILURE_CODES).nullable().meta({ description: 'Why it failed.' }),
    image_url: z
      .url()
      .nullable()
      .meta({ description: 'The image. It needs the API key, and redirects to the object store.' }),
    ends: count.meta({ description: 'How often the render has ended: more than once after redrives.' }),
    render: renderSchema.optional().meta({ description: 'The whole render, with `expand=render`.' }),
  })
  .meta({ id: 'RunResult' });

/** The body of the webhook about the end of a run. */
export const runEventSchema = z
  .strictObject({
    type: z.literal('run.finished'),
    timestamp: z.iso.datetime().meta({ description: 'When the run finished.' }),
    data: runSchema,
  })
  .meta({ id: 'RunEvent' });

export type RunRequest = z.infer<typeof runRequestSchema>;
export type RunResponse = z.infer<typeof runSchema>;
export type RunListResponse = z.infer<typeof runListSchema>;
export type RunResultLine = z.infer<typeof runResultSchema>;
export type RunEvent = z.infer<typeof runEventSchema>;
