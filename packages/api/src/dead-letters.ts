import { z } from 'zod';
import { FAILURE_CODES, MODELS, RENDER_ID, RESOLUTIONS, RUN, STEPS, TENANT } from './fields.ts';
import { amountSchema } from './responses.ts';

/** How dead letters can be grouped. */
export const DEAD_LETTER_GROUPS = ['reason', 'run', 'tenant', 'model', 'step'] as const;
export type DeadLetterGroupKind = (typeof DEAD_LETTER_GROUPS)[number];

/** The key of a group of dead letters with the same reason: 12 hex digits. */
export const REASON_KEY = /^[0-9a-f]{12}$/;

/** Renders that one request can name. For more, use a filter. */
export const MAX_SELECTED_IDS = 900;

const renderId = z.string().regex(RENDER_ID, { error: 'expected the id of a render' });
const time = z.iso.datetime({
  offset: true,
  error: 'expected an ISO 8601 time, such as 2026-11-22T16:00:00Z',
});

/** Which dead letters. All given fields must match. Without fields: all. */
export const deadLetterFilterSchema = z
  .strictObject({
    code: z
      .union([z.enum(FAILURE_CODES), z.array(z.enum(FAILURE_CODES)).min(1)])
      .optional()
      .meta({ description: 'Failed with this code, or with one of these.' }),
    reason: z
      .string()
      .regex(REASON_KEY, { error: 'expected the `key` of a group by reason' })
      .optional()
      .meta({ description: 'Of this group: the `key` of a group in the summary by reason.' }),
    run: z.string().regex(RUN, { error: "expected a run's name" }).optional(),
    tenant: z
      .string()
      .regex(TENANT, { error: "expected a tenant's name" })
      .optional()
      .meta({ description: 'For a key of all tenants. Rejected with any other key.' }),
    model: z.enum(MODELS).optional(),
    step: z.enum(STEPS).optional().meta({ description: 'Failed in this step.' }),
    text: z.string().trim().min(1).max(200).optional().meta({
      description:
        'The id, message, run, prompt, a task id or a value of the metadata contains this text. Case does not matter.',
    }),
    since: time.optional().meta({ description: 'Failed at this time or later.' }),
    until: time.optional().meta({ description: 'Failed before this time.' }),
  })
  .meta({ id: 'DeadLetterFilter' });

/** The fields of a request that names dead letters: `ids` or `filter`. */
export const selectionShape = {
  ids: z
    .array(renderId)
    .min(1)
    .max(MAX_SELECTED_IDS)
    .optional()
    .meta({ description: 'The ids of the renders. Not together with `filter`.' }),
  filter: deadLetterFilterSchema.optional().meta({ description: 'Without fields: all dead letters.' }),
};

/** The body of `POST /v1/dead-letters/discard`. */
export const discardRequestSchema = z
  .strictObject({
    ...selectionShape,
    note: z.string().trim().min(1).max(300).meta({ description: 'Why, for people. The ledger keeps it.' }),
  })
  .superRefine(({ ids, filter }, context) => {
    if ((ids === undefined) !== (filter === undefined)) return;
    context.addIssue({ code: 'custom', path: ['ids'], message: 'either `ids` or `filter`' });
  })
  .meta({ id: 'DiscardRequest' });

const priceSchema = amountSchema.nullable().meta({
  description: 'By the configured prices. Null when it is not known; never 0 in place of that.',
});

/**
 * What a redrive does with a render first. `resume`: it goes on without a purchase. `buy`: it is bought.
 * `acknowledge`: its purchase is unknown, or its task did not end in time; it is bought again only after
 * `accept_duplicate_charge`. `unknown`: only the ledger knows; a plan reads it.
 */
export const REDRIVE_ACTIONS = ['resume', 'buy', 'acknowledge', 'unknown'] as const;

const redriveForecastSchema = z
  .strictObject({
    step: z.enum(STEPS).nullable().meta({ description: 'The step with which the render goes on.' }),
    action: z.enum(REDRIVE_ACTIONS).meta({
      description:
        '`resume`: goes on without a purchase. `buy`: is bought again. `acknowledge`: may have been bought already, and is bought again only with `accept_duplicate_charge`. `unknown`: only the ledger knows; a plan reads it.',
    }),
    price: priceSchema,
  })
  .meta({ id: 'RedriveForecast' });

const costAmounts = {
  spent: amountSchema.meta({ description: 'Charged and not refunded.' }),
  refunded: amountSchema,
  possibly_spent: amountSchema.meta({ description: 'Possibly charged: unknown purchases.' }),
};

/** An earlier failure of the same render, which was redriven. */
const earlierFailureSchema = z
  .strictObject({
    code: z.enum(FAILURE_CODES),
    message: z.string(),
    step: z.enum(STEPS),
    failed_at: z.iso.datetime(),
    redriven_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'EarlierFailure' });

/** A dead letter, as lists have it. */
export const deadLetterSchema = z
  .strictObject({
    object: z.literal('dead_letter'),
    id: z.string().regex(RENDER_ID).meta({ description: 'The id of the render.' }),
    code: z.enum(FAILURE_CODES),
    message: z.string(),
    reason: z.string().meta({ description: 'The `key` of its group by reason.' }),
    step: z.enum(STEPS).meta({ description: 'The step that failed.' }),
    tenant: z.string(),
    run: z.string().nullable(),
    model: z.enum(MODELS),
    resolution: z.enum(RESOLUTIONS),
    created_at: z.iso.datetime(),
    failed_at: z.iso.datetime(),
    attempts: z.number().int().meta({ description: 'Purchases that were started.' }),
    task_ids: z.array(z.string()),
    cost: z.strictObject({ ...costAmounts, currency: z.literal('USD') }),
    url_expires_at: z.iso.datetime().nullable().meta({
      description: 'When the URL of the paid image expires. Null when no image waits at the provider.',
    }),
    redrives: z.number().int().meta({
      description: 'How often the render was redriven before. Each of these redrives has failed again.',
    }),
    redrive: redriveForecastSchema,
    links: z.strictObject({ self: z.url(), render: z.url(), page: z.url() }),
  })
  .meta({ id: 'DeadLetter' });

/** `GET /v1/dead-letters/{id}`, 200. */
export const deadLetterDetailSchema = deadLetterSchema
  .extend({
    prompt: z.string(),
    metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    causes: z.array(z.string()).meta({
      description: 'The causes, outermost first. Of an unexpected error, the last one is the stack.',
    }),
    earlier_failures: z
      .array(earlierFailureSchema)
      .meta({ description: 'The failures before the redrives, oldest first; of very many, the last ten.' }),
    advice: z.string().meta({ description: 'What a redrive does after a failure with this code.' }),
  })
  .meta({ id: 'DeadLetterDetail' });

/** `GET /v1/dead-letters`, 200. The latest failure is first. */
export const deadLetterListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(deadLetterSchema),
    total: z.number().int().meta({ description: 'How many dead letters match the filters.' }),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Send it as `cursor` to get the next page. Null on the last page.' }),
  })
  .meta({ id: 'DeadLetterList' });

const totals = {
  count: z.number().int(),
  ...costAmounts,
  redrive_price: priceSchema.meta({
    description:
      'What it costs to buy those again that a redrive buys without an acknowledgement. Null when the price of one of them is not known.',
  }),
  acknowledge: z.strictObject({
    count: z.number().int().meta({
      description: 'How many need `accept_duplicate_charge`. They are not part of `redrive_price`.',
    }),
    price: priceSchema,
  }),
};

/** Dead letters that have something in common. */
const deadLetterGroupSchema = z
  .strictObject({
    key: z.string().nullable().meta({
      description:
        'The value of the filter with the name of `group_by` that selects the group. Null for renders without a run.',
    }),
    code: z.enum(FAILURE_CODES).optional().meta({ description: 'Of a group by reason.' }),
    message: z
      .string()
      .optional()
      .meta({ description: 'Of a group by reason: the message without ids, numbers, addresses and URLs.' }),
    ...totals,
    first_failed_at: z.iso.datetime(),
    last_failed_at: z.iso.datetime(),
    redriven_before: z.number().int().meta({
      description: 'How many of these dead letters were redriven before, by any way, and have failed again.',
    }),
    earlier_redrives: z
      .strictObject({
        renders: z.number().int().meta({ description: 'Renders of this group that redrives have run.' }),
        failed_again: z
          .number()
          .int()
          .meta({ description: 'How many of them failed again, for any reason.' }),
      })
      .meta({ description: 'From the redrives that have ended, of the latest 200.' }),
    examples: z.array(z.string().regex(RENDER_ID)).max(3).meta({ description: 'The latest, at most three.' }),
  })
  .meta({ id: 'DeadLetterGroup' });

/** `GET /v1/dead-letters/summary`, 200. The largest group is first. */
export const deadLetterSummarySchema = z
  .strictObject({
    object: z.literal('dead_letter_summary'),
    group_by: z.enum(DEAD_LETTER_GROUPS),
    ...totals,
    currency: z.literal('USD'),
    groups: z.array(deadLetterGroupSchema).meta({ description: 'At most 500, the largest first.' }),
    more_groups: z.number().int().meta({ description: 'Groups that are not listed.' }),
  })
  .meta({ id: 'DeadLetterSummary' });

/** `POST /v1/dead-letters/discard`, 200. */
export const discardSchema = z
  .strictObject({
    object: z.literal('discard'),
    discarded: z.number().int(),
    skipped: z.array(z.string().regex(RENDER_ID)).meta({
      description: 'Renders of `ids` without a dead letter, and those that were redriven meanwhile.',
    }),
    remaining: z.number().int().meta({
      description: 'One call discards at most 1,000. Send the same request again until this is 0.',
    }),
  })
  .meta({ id: 'Discard' });

export type DeadLetterFilter = z.infer<typeof deadLetterFilterSchema>;
export type DiscardRequest = z.infer<typeof discardRequestSchema>;
export type RedriveAction = (typeof REDRIVE_ACTIONS)[number];
export type DeadLetterResponse = z.infer<typeof deadLetterSchema>;
export type DeadLetterDetailResponse = z.infer<typeof deadLetterDetailSchema>;
export type DeadLetterListResponse = z.infer<typeof deadLetterListSchema>;
export type DeadLetterGroup = z.infer<typeof deadLetterGroupSchema>;
export type DeadLetterSummaryResponse = z.infer<typeof deadLetterSummarySchema>;
export type DiscardResponse = z.infer<typeof discardSchema>;
