import { z } from 'zod';
import {
  DELIVERY_STATUSES,
  DURABILITIES,
  ETA_REASONS,
  FAILURE_CODES,
  MODELS,
  PRIORITIES,
  PROVIDER_POSITION_REASONS,
  RENDER_ID,
  RENDER_STATUSES,
  RESOLUTIONS,
  SIZES,
  STEPS,
  WAIT_CAUSES,
} from './fields.ts';
import { problemSchema } from './problems.ts';

/** The bodies of the API's responses. Fields are always present, unless they are optional. Later versions may add fields. */

const common = {
  id: z.string().regex(RENDER_ID),
  object: z.literal('render'),
  status: z.enum(RENDER_STATUSES).meta({
    description: '`completed`, `failed` and `canceled` are final. An operator can redrive a failed render.',
  }),
  progress: z.number().int().min(0).max(100).meta({ description: 'Percent.' }),
  created_at: z.iso.datetime(),
  links: z.strictObject({
    self: z.url().meta({ description: 'The render as JSON: `GET /v1/renders/{id}`.' }),
    page: z.url().meta({ description: 'A web page about the render: image, timeline, cost.' }),
    dashboard: z.url().meta({ description: 'The job of the render on Bull Board.' }),
  }),
};

/** `POST /v1/renders`, 202. */
export const acceptedSchema = z
  .strictObject({
    ...common,
    duplicate: z.boolean().meta({
      description:
        'True when an earlier request with this idempotency key created the render. `status` and `progress` are the current ones.',
    }),
    durability: z.enum(DURABILITIES).optional().meta({
      description:
        '`journal`: the render is in the object store and in the queue, so it survives the loss of the queue. `synced`: it is in the queue, whose file is on disk. `queue`: it is as durable as the persistence of the queue. Absent for a duplicate: the response to the first request had it.',
    }),
  })
  .meta({ id: 'Accepted' });

const imageSchema = z
  .strictObject({
    key: z.string().meta({ description: 'The key of the image in the object store.' }),
    url: z.url().meta({
      description:
        'A signed, short-lived URL if the object store can sign URLs. Otherwise the API serves the image. Get the render again for a new URL.',
    }),
    sha256: z.string().meta({ description: 'SHA-256 of the image file, in hex.' }),
    bytes: z.number().int().meta({ description: 'The size of the image file.' }),
    width: z.number().int().meta({ description: 'Pixels.' }),
    height: z.number().int().meta({ description: 'Pixels.' }),
    content_type: z.string().meta({
      description: 'The format that the decoder found. The provider may have declared another one.',
    }),
    thumbnail_url: z.url().meta({ description: 'A WebP image of at most 256 by 256 pixels.' }),
    url_expires_at: z.iso.datetime().nullable().meta({
      description:
        'When `url` and `thumbnail_url` stop working. Null when they do not expire: they are not signed, and work as long as the caller has access.',
    }),
    warnings: z.array(z.string()).optional().meta({
      description:
        'How the image differs from the request, for people: another aspect ratio, or far fewer pixels. Absent when it does not differ.',
    }),
  })
  .meta({ id: 'Image' });

/** An exact decimal number of dollars. */
export const amountSchema = z.string().regex(/^\d+\.\d{3,6}$/);

const costSchema = z
  .strictObject({
    spent: amountSchema.meta({
      description: 'What the provider charged and has not refunded. An exact decimal number, as a string.',
    }),
    refunded: amountSchema.meta({ description: 'What the provider refunded, because a task failed.' }),
    possibly_spent: amountSchema.meta({
      description:
        'What the provider may have charged: the response to a submission was lost, or polling ended before the task was final.',
    }),
    currency: z.literal('USD'),
    purchases: z.number().int().meta({ description: 'The number of purchases in all three amounts.' }),
  })
  .meta({
    description:
      "The cost so far, from the configured prices. The provider's charges lie between `spent` and the sum of `spent` and `possibly_spent`.",
  });

const blockerSchema = z
  .strictObject({
    cause: z.enum(WAIT_CAUSES).meta({
      description:
        "Of several causes the first one of this list. `paused`: an operator paused the submission or a queue. `account`: the provider's account cannot buy. `budget`: a budget is used up; `reason` has its name, its limit and when it renews. `store`: the object store is away. `drained`: an operator drained all workers that run. `quota`: for its turn within the provider's quota. `unknown_purchase`: the outcome of its submission is unknown. `provider`: the provider works on it. Each has a page at `/problems/{cause}`.",
    }),
    name: z.string().nullable().meta({ description: 'The name of the pause, if it is one.' }),
    actor: z.string().nullable().meta({ description: 'Who made the pause, if that is known.' }),
    owner: z.string().nullable().meta({ description: 'Who knows when the pause can end.' }),
    reason: z.string().nullable().meta({ description: 'An explanation for people.' }),
    since: z.iso.datetime().nullable(),
    until: z.iso.datetime().nullable().meta({ description: 'When it ends by itself, if that is known.' }),
  })
  .meta({ id: 'Blocker' });

const waitingForSchema = blockerSchema
  .extend({
    retry_at: z.iso.datetime().nullable().meta({ description: 'When the render is tried again, if known.' }),
    resolves_itself: z.boolean().meta({ description: 'Whether the render goes on without a person.' }),
    command: z.string().meta({ description: 'The command that helps an operator, or shows more.' }),
    also: z.array(blockerSchema).meta({
      description: 'What else holds the render back. It goes on when all of them have ended.',
    }),
  })
  .meta({ id: 'WaitingFor' });

/** A render, as lists, events, webhooks and the answer to a cancel have it. */
export const renderSchema = z
  .strictObject({
    ...common,
    waiting_for: waitingForSchema.nullable().meta({
      description: 'What the render waits for. Null while nothing keeps it from going on, and after its end.',
    }),
    attempts: z.number().int().meta({ description: 'The number of purchases that were started.' }),
    task_ids: z
      .array(z.string())
      .meta({ description: "The provider's task ids, one for each accepted purchase." }),
    updated_at: z.iso
      .datetime()
      .meta({ description: 'When the render last changed. For a render that has ended: when it ended.' }),
    started_at: z.iso.datetime().nullable().meta({
      description:
        'When the provider accepted the first purchase of the render. Null before, and while the outcome of a submission is unknown.',
    }),
    completed_at: z.iso.datetime().nullable().meta({
      description:
        'When the render completed. Null for every other status: `updated_at` is the end of a failed or canceled render.',
    }),
    tenant: z.string().meta({ description: 'The tenant of the API key that created the render.' }),
    run: z.string().nullable().meta({ description: 'The name of the batch, from the request.' }),
    copy_of: z.string().regex(RENDER_ID).optional().meta({
      description:
        'The render that an operator bought again with this one: it has the same request. Absent for all other renders.',
    }),
    metadata: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .meta({ description: 'The metadata from the request.' }),
    request: z
      .strictObject({
        model: z.enum(MODELS),
        prompt: z.string(),
        size: z.enum(SIZES).nullable(),
        resolution: z.enum(RESOLUTIONS),
        priority: z.enum(PRIORITIES),
        images: z.number().int().meta({ description: 'The number of reference images.' }),
        mask: z.boolean(),
      })
      .meta({ description: 'The request, without the reference images.' }),
    image: imageSchema.nullable().meta({ description: 'Set when `status` is `completed`.' }),
    cost: costSchema,
    error: z
      .strictObject({
        type: z.url().meta({
          description: 'A page that explains `code`: its meaning, what to do, and what a redrive does.',
        }),
        code: z.enum(FAILURE_CODES).meta({ description: 'For programs. Codes do not change.' }),
        retryable: z.boolean().meta({
          description:
            'Whether you should send the same request again, with a new idempotency key. False when the request must change, or when an image that may be paid for can still arrive: then ask an operator for a redrive.',
        }),
        message: z.string().meta({ description: 'An explanation for people.' }),
        step: z
          .enum(STEPS)
          .meta({ description: 'The step that failed. A redrive continues with this step.' }),
      })
      .nullable()
      .meta({ description: 'Set when `status` is `failed`.' }),
  })
  .meta({ id: 'Render' });

/** `GET /v1/renders/{id}`, 200: the render, and facts that are too costly for lists, events and webhooks. */
export const renderDetailSchema = renderSchema
  .extend({
    queue_position: z.number().int().min(1).nullable().meta({
      description:
        "The approximate position in Darkroom's queue, among the renders of all tenants that wait for their submission: one more than the renders ahead. 1 is the next one, or the one that is being submitted. Interactive renders come before batch renders. Null when `status` is not `queued`.",
    }),
    provider: z
      .strictObject({
        progress: z.number().int().min(0).max(100).nullable().meta({
          description:
            'Percent, as the provider reported it last. Null while no task of it is at the provider.',
        }),
        position: z.number().int().min(1).nullable().meta({
          description: "The position in the provider's own queue. Null with a reason in `position_reason`.",
        }),
        position_reason: z.enum(PROVIDER_POSITION_REASONS).nullable().meta({
          description:
            '`not_at_provider`: the provider has not accepted its task yet, or the task has ended. `not_reported`: the provider does not say it. ToAPIs never says it.',
        }),
      })
      .meta({ description: 'What the provider says about the task of the render.' }),
    eta: z.iso.datetime().nullable().meta({
      description:
        'When the render is probably complete: half of the renders are complete before this time. It moves while other renders are created. Null with a reason in `eta_reason`.',
    }),
    eta_p90: z.iso.datetime().nullable().meta({
      description: 'Nine of ten renders are complete before this time. Null when `eta` is.',
    }),
    eta_reason: z.enum(ETA_REASONS).nullable().meta({
      description:
        'Why there is no ETA. Null when there is one. `ended`: the render has ended. `restoring`: missing renders are added again after a loss of the queue. `paused`, `account`, `budget`, `store`, `drained`, `unknown_purchase`: the render waits for this; see `waiting_for`. `too_few_samples`: too few renders have completed. `overdue`: it takes longer than all recent renders. `unavailable`: the queue is away or slow.',
    }),
    webhook: z
      .strictObject({
        status: z.enum(DELIVERY_STATUSES),
        attempts: z.number().int().meta({ description: 'The number of delivery attempts so far.' }),
        last_error: z
          .string()
          .nullable()
          .meta({ description: 'The reason of the last failed delivery attempt.' }),
        next_attempt_at: z.iso
          .datetime()
          .nullable()
          .meta({ description: 'Set when another delivery attempt is planned.' }),
      })
      .nullable()
      .meta({
        description:
          "The webhook of the render's latest end. With several receivers: the one that is furthest from delivered; `GET /v1/renders/{id}/deliveries` lists all. Null before the end, when no webhook is sent for it, and when the queue no longer has it.",
      }),
  })
  .meta({ id: 'RenderDetail' });

/** `GET /v1/renders`, 200. The newest render is first. */
export const renderListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(renderSchema),
    incomplete: z.literal(true).optional().meta({
      description:
        'Present while renders are restored after a loss of the queue: renders may be missing from the list.',
    }),
    next_cursor: z.string().nullable().meta({
      description:
        'Send it as `cursor` to get the next page. It is null on the last page. A page may have fewer renders than `limit`.',
    }),
  })
  .meta({ id: 'RenderList' });

const itemPosition = {
  index: z.number().int().min(0).meta({ description: 'The position in the request, from 0.' }),
  line: z.number().int().min(1).optional().meta({ description: 'The line of an NDJSON request, from 1.' }),
};

/** The result of one item of a bulk request. A streamed response has one line for each item. */
export const bulkItemSchema = z
  .union([
    z.strictObject({ ...itemPosition, status: z.literal(202), render: acceptedSchema }),
    z.strictObject({ ...itemPosition, status: z.number().int().min(400), error: problemSchema }),
  ])
  .meta({ id: 'BulkItem' });

const bulkCounts = {
  object: z.literal('bulk'),
  accepted: z.number().int().meta({ description: 'New renders.' }),
  duplicates: z
    .number()
    .int()
    .meta({ description: 'Renders that an earlier request with the same idempotency key created.' }),
  rejected: z.number().int().meta({ description: 'Items that were not accepted.' }),
};

const earlyEnd = {
  error: problemSchema.optional().meta({
    description:
      'Present when the rest of the request was not read, with the reason. The results of the items before it are valid.',
  }),
};

/** `POST /v1/renders/bulk`, 202 or 207: a result for each item, in the order of the request. */
export const bulkSchema = z
  .strictObject({ ...bulkCounts, ...earlyEnd, items: z.array(bulkItemSchema) })
  .meta({ id: 'Bulk' });

/** The last line of a streamed bulk response. Without it, the response is incomplete: send the request again. */
export const bulkSummarySchema = z.strictObject({ ...bulkCounts, ...earlyEnd }).meta({ id: 'BulkSummary' });

/** The `data` of the server-sent event `progress`. The events `status` and `end` carry a render, and `image` carries its image. */
export const progressEventSchema = z
  .strictObject({ id: common.id, status: common.status, progress: common.progress })
  .meta({ id: 'Progress' });

export type AcceptedResponse = z.infer<typeof acceptedSchema>;
export type Blocker = z.infer<typeof blockerSchema>;
export type WaitingFor = z.infer<typeof waitingForSchema>;
export type RenderResponse = z.infer<typeof renderSchema>;
export type RenderDetailResponse = z.infer<typeof renderDetailSchema>;
export type RenderListResponse = z.infer<typeof renderListSchema>;
export type BulkItem = z.infer<typeof bulkItemSchema>;
export type BulkResponse = z.infer<typeof bulkSchema>;
export type BulkSummary = z.infer<typeof bulkSummarySchema>;
export type ProgressEvent = z.infer<typeof progressEventSchema>;
