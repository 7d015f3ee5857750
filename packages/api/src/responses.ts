import { z } from 'zod';
import {
  FAILURE_CODES,
  MODELS,
  PRIORITIES,
  RENDER_ID,
  RENDER_STATUSES,
  RESOLUTIONS,
  SIZES,
  STEPS,
} from './fields.ts';
import { problemSchema } from './problems.ts';

/** The shapes of the API's answers. Clients may rely on every field being there; more may come. */

const common = {
  id: z.string().regex(RENDER_ID),
  object: z.literal('render'),
  status: z
    .enum(RENDER_STATUSES)
    .meta({ description: '`completed`, `failed` and `canceled` are ends; a failed render may be redriven.' }),
  progress: z.number().int().min(0).max(100).meta({ description: 'Percent.' }),
  created_at: z.iso.datetime(),
  links: z.strictObject({
    self: z.url().meta({ description: 'The render for services: `GET /v1/renders/{id}`.' }),
    page: z.url().meta({ description: 'The render for people: image, timeline, cost.' }),
    dashboard: z.url().meta({ description: 'Its job on Bull Board.' }),
  }),
};

/** `POST /v1/renders`, 202. */
export const acceptedSchema = z
  .strictObject({
    ...common,
    duplicate: z.boolean().meta({
      description:
        'True when this idempotency key had made the render before: status and progress are its present ones.',
    }),
  })
  .meta({ id: 'Accepted' });

const imageSchema = z
  .strictObject({
    key: z.string().meta({ description: 'Where it is in the object store.' }),
    url: z.url().meta({
      description:
        'Signed and short-lived where the store can sign, else served by the API. Ask again for a fresh one.',
    }),
    sha256: z.string().meta({ description: 'Of the bytes, in hex.' }),
    bytes: z.number().int(),
    width: z.number().int().meta({ description: 'Pixels.' }),
    height: z.number().int().meta({ description: 'Pixels.' }),
    content_type: z.string().meta({ description: 'As decoded, whatever the provider said.' }),
    thumbnail_url: z.url().meta({ description: 'A WebP of at most 256 pixels a side.' }),
  })
  .meta({ id: 'Image' });

/** `GET /v1/renders/{id}`, 200. */
export const renderSchema = z
  .strictObject({
    ...common,
    attempts: z.number().int().meta({ description: 'Purchases begun.' }),
    task_ids: z.array(z.string()).meta({ description: "The provider's own ids, one a purchase." }),
    updated_at: z.iso.datetime(),
    tenant: z.string().meta({ description: 'Whose it is: that of the key that asked for it.' }),
    run: z.string().nullable().meta({ description: 'The batch that it was asked for in.' }),
    metadata: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .meta({ description: 'As it was sent.' }),
    request: z
      .strictObject({
        model: z.enum(MODELS),
        prompt: z.string(),
        size: z.enum(SIZES).nullable(),
        resolution: z.enum(RESOLUTIONS),
        priority: z.enum(PRIORITIES),
        images: z.number().int().meta({ description: 'How many reference images it has.' }),
        mask: z.boolean(),
      })
      .meta({ description: 'What was asked for, without the images.' }),
    image: imageSchema.nullable().meta({ description: 'There once the render is completed.' }),
    cost: z
      .strictObject({
        amount: z
          .string()
          .regex(/^\d+\.\d{3,6}$/)
          .meta({ description: 'Exact, as text.' }),
        currency: z.literal('USD'),
        purchases: z.number().int().meta({ description: 'That the provider accepted.' }),
        refunded: z.number().int().meta({ description: 'Of these, how many it gave the money back for.' }),
      })
      .meta({ description: 'What was spent so far; refunded purchases cost nothing.' }),
    error: z
      .strictObject({
        code: z.enum(FAILURE_CODES),
        message: z.string().meta({ description: 'For people.' }),
        step: z.enum(STEPS).meta({ description: 'Where it died; a redrive goes on there.' }),
      })
      .nullable()
      .meta({ description: 'There when the render is failed.' }),
  })
  .meta({ id: 'Render' });

/** `GET /v1/renders`, 200: newest first. */
export const renderListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(renderSchema),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Ask with it for the next page; null on the last one. A page may be short.' }),
  })
  .meta({ id: 'RenderList' });

const place = {
  index: z.number().int().min(0).meta({ description: 'Position in the request, from 0.' }),
  line: z.number().int().min(1).optional().meta({ description: 'Line of an NDJSON request, from 1.' }),
};

/** What became of one item of a bulk request; one line of a streamed answer. */
export const bulkItemSchema = z
  .union([
    z.strictObject({ ...place, status: z.literal(202), render: acceptedSchema }),
    z.strictObject({ ...place, status: z.number().int().min(400), error: problemSchema }),
  ])
  .meta({ id: 'BulkItem' });

const bulkCounts = {
  object: z.literal('bulk'),
  accepted: z.number().int().meta({ description: 'New renders.' }),
  duplicates: z.number().int().meta({ description: 'Renders that their key had made before.' }),
  rejected: z.number().int().meta({ description: 'Items that became no render.' }),
};

const cutShort = {
  error: problemSchema
    .optional()
    .meta({ description: 'Why the rest of the request was not read; the items told stand.' }),
};

/** `POST /v1/renders/bulk`, 202 or 207: an entry for each item, in the order of the request. */
export const bulkSchema = z
  .strictObject({ ...bulkCounts, ...cutShort, items: z.array(bulkItemSchema) })
  .meta({ id: 'Bulk' });

/** The last line of a streamed bulk answer. An answer without it was cut off: send the whole call again. */
export const bulkSummarySchema = z.strictObject({ ...bulkCounts, ...cutShort }).meta({ id: 'BulkSummary' });

/** `data` of the server-sent event `progress`; `status` and `end` carry a whole render, `image` its image. */
export const progressEventSchema = z
  .strictObject({ id: common.id, status: common.status, progress: common.progress })
  .meta({ id: 'Progress' });

export type AcceptedResponse = z.infer<typeof acceptedSchema>;
export type RenderResponse = z.infer<typeof renderSchema>;
export type RenderListResponse = z.infer<typeof renderListSchema>;
export type BulkItem = z.infer<typeof bulkItemSchema>;
export type BulkResponse = z.infer<typeof bulkSchema>;
export type BulkSummary = z.infer<typeof bulkSummarySchema>;
export type ProgressEvent = z.infer<typeof progressEventSchema>;
