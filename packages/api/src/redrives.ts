import { z } from 'zod';
import { selectionShape } from './dead-letters.ts';
import { FAILURE_CODES, RENDER_ID, STEPS } from './fields.ts';
import { amountSchema } from './responses.ts';

/** The id of a redrive plan. Its redrive has the same hex digits. */
export const PLAN_ID = /^rdp_[0-9a-f]{32}$/;
/** The id of a redrive. */
export const REDRIVE_ID = /^rdv_[0-9a-f]{32}$/;

/**
 * - `waiting`: no worker has begun yet
 * - `running`: it starts renders, or waits for the end of those that it has started
 * - `paused`: an operator paused it; renders that it has started go on
 * - `canceling`: it starts no more, and waits for the end of those that it has started
 * - `completed`: every render that it started has completed
 * - `partial`: at least one render failed again
 * - `canceled`: an operator canceled it
 * - `stopped`: `max_jobs` or `max_spend` was reached, or an unexpected error ended it; `status_reason` says which
 */
export const REDRIVE_STATUSES = [
  'waiting',
  'running',
  'paused',
  'canceling',
  'completed',
  'partial',
  'canceled',
  'stopped',
] as const;
export type RedriveStatus = (typeof REDRIVE_STATUSES)[number];

/** A redrive leaves these statuses never. */
export const ENDED_REDRIVE_STATUSES = [
  'completed',
  'partial',
  'canceled',
  'stopped',
] as const satisfies RedriveStatus[];

/** The statuses of one render of a redrive. `canceled`: its caller canceled it after the redrive had started it. */
export const REDRIVE_ITEM_STATUSES = ['waiting', 'running', 'done', 'canceled', 'skipped', 'failed'] as const;
export type RedriveItemStatus = (typeof REDRIVE_ITEM_STATUSES)[number];

/**
 * Why a redrive skipped a render.
 *
 * - `changed`: it is not failed any more, or it failed again since the plan
 * - `not_found`: the queue no longer has it
 * - `acknowledgement_needed`: it needs `accept_duplicate_charge`
 * - `result_expired`: the plan did not buy it, and its image has expired since
 */
export const SKIP_REASONS = ['changed', 'not_found', 'acknowledgement_needed', 'result_expired'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

const MONEY = /^\d{1,9}(\.\d{1,6})?$/;

/** The body of `POST /v1/redrives`: makes a plan (`dry_run`), or executes one (`plan`). */
export const redriveRequestSchema = z
  .strictObject({
    ...selectionShape,
    dry_run: z
      .literal(true, {
        error: 'true, because a redrive executes a plan: make it with `dry_run`, then send its id as `plan`',
      })
      .optional()
      .meta({ description: 'Makes a plan for `ids` or `filter`, and changes nothing else.' }),
    plan: z
      .string()
      .regex(PLAN_ID, { error: 'expected the id of a plan' })
      .optional()
      .meta({ description: 'Executes this plan. Not together with `dry_run`, `ids` and `filter`.' }),
    rate: z
      .number()
      .min(0.01)
      .max(500)
      .optional()
      .meta({ description: 'Renders that are started per second; 10 by default.' }),
    max_jobs: z
      .number()
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Stops before more renders than this are started.' }),
    max_spend: z
      .string()
      .regex(MONEY, { error: 'expected an amount of dollars as a string, such as "12.50"' })
      .optional()
      .meta({
        description: 'Stops before the purchases of the plan cost more than this. Dollars, as a string.',
      }),
    accept_duplicate_charge: z.boolean().optional().meta({
      description:
        'Buys those again whose purchase is unknown or whose task did not end in time: they may be charged twice. Without it they are skipped.',
    }),
    poll_again: z.boolean().optional().meta({
      description:
        'Runs those that need `accept_duplicate_charge` without buying: the ledger is read again, and their tasks are polled again. Not together with `accept_duplicate_charge`.',
    }),
    reason: z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' }),
  })
  .superRefine((body, context) => {
    const addIssue = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const { ids, filter, dry_run: isDryRun, plan } = body;
    if (!isDryRun && plan === undefined) {
      return addIssue('plan', 'the id of a plan, or `dry_run` with `ids` or `filter`');
    }
    if (isDryRun) {
      if ((ids === undefined) === (filter === undefined)) addIssue('ids', 'either `ids` or `filter`');
      for (const field of EXECUTION_FIELDS) {
        if (body[field] !== undefined) addIssue(field, 'nothing, because `dry_run` executes no plan');
      }
      return;
    }
    for (const field of ['ids', 'filter'] as const) {
      if (body[field] !== undefined) addIssue(field, 'nothing, because the plan names the renders');
    }
    if (body.accept_duplicate_charge && body.poll_again) {
      addIssue('poll_again', 'nothing, because `accept_duplicate_charge` buys them again');
    }
  })
  .meta({ id: 'RedriveRequest' });

const EXECUTION_FIELDS = [
  'plan',
  'rate',
  'max_jobs',
  'max_spend',
  'accept_duplicate_charge',
  'poll_again',
  'reason',
] as const;

const price = (description: string) => amountSchema.nullable().meta({ description });
const count = (description: string) => z.number().int().min(0).meta({ description });

/** `POST /v1/redrives` with `dry_run`, and `GET /v1/redrive-plans/{id}`, 200. */
export const redrivePlanSchema = z
  .strictObject({
    object: z.literal('redrive_plan'),
    id: z.string().regex(PLAN_ID),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime().meta({ description: 'After it, the plan cannot be executed.' }),
    total: count('The renders of the plan. Renders that fail later are not in it.'),
    steps: z
      .strictObject(Object.fromEntries(STEPS.map((step) => [step, z.number().int()])) as StepCounts)
      .meta({ description: 'How many go on at which step.' }),
    purchases: z.strictObject({
      count: count('Renders that are bought again.'),
      price: price('Their price. Null when the price of one is not known.'),
    }),
    acknowledge: z
      .strictObject({
        count: count('Renders that need `accept_duplicate_charge`.'),
        price: price('What it costs to buy them again.'),
      })
      .meta({
        description: 'They are not part of `purchases`. Without the acknowledgement they are skipped.',
      }),
    unknown: count('Renders of which the plan cannot say whether they are bought. Their price is in no sum.'),
    not_found: z
      .array(z.string().regex(RENDER_ID))
      .max(100)
      .meta({ description: 'Renders of `ids` without an open dead letter: at most 100 of them.' }),
    currency: z.literal('USD'),
  })
  .meta({ id: 'RedrivePlan' });

type StepCounts = Record<(typeof STEPS)[number], z.ZodNumber>;

/** `POST /v1/redrives` with `plan`, 202; `GET /v1/redrives/{id}`, 200. */
export const redriveSchema = z
  .strictObject({
    object: z.literal('redrive'),
    id: z.string().regex(REDRIVE_ID),
    plan: z.string().regex(PLAN_ID),
    status: z.enum(REDRIVE_STATUSES).meta({
      description:
        '`waiting`, `running`, `paused` and `canceling` can change. `completed`: no render failed again. `partial`: at least one did. `canceled`: by an operator. `stopped`: `max_jobs` or `max_spend` was reached, or an unexpected error ended it; `status_reason` says which.',
    }),
    status_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is paused, canceled or stopped, for people.' }),
    total: count('The renders of the plan: `done + skipped + failed + remaining`.'),
    started: count('Renders that it has started.'),
    done: count('Renders that completed, and those that their callers canceled.'),
    skipped: count('Renders that it did not start, with a reason for each.'),
    failed: count('Renders that failed again.'),
    remaining: count('Renders that have not ended, or were not started.'),
    purchases: count('Started renders that the plan buys again.'),
    spend: amountSchema.meta({ description: 'The price of these purchases, by the plan.' }),
    currency: z.literal('USD'),
    rate: z.number().meta({ description: 'Renders per second.' }),
    max_jobs: z.number().int().nullable(),
    max_spend: amountSchema.nullable(),
    accept_duplicate_charge: z.boolean(),
    poll_again: z.boolean(),
    actor: z.string(),
    reason: z.string().nullable(),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    links: z.strictObject({ self: z.url(), items: z.url() }),
  })
  .meta({ id: 'Redrive' });

/** `GET /v1/redrives`, 200. The latest is first. */
export const redriveListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(redriveSchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'RedriveList' });

/** One render of a redrive. */
export const redriveItemSchema = z
  .strictObject({
    id: z.string().regex(RENDER_ID),
    status: z.enum(REDRIVE_ITEM_STATUSES),
    step: z.enum(STEPS).meta({ description: 'The step with which the plan resumes it.' }),
    buys: z.boolean().meta({ description: 'Whether this redrive buys it again.' }),
    price: price('Of a purchase. Null when it is not known.'),
    skip_reason: z.enum(SKIP_REASONS).nullable(),
    error: z
      .strictObject({ code: z.enum(FAILURE_CODES), message: z.string(), step: z.enum(STEPS) })
      .nullable()
      .meta({ description: 'Why it failed again.' }),
  })
  .meta({ id: 'RedriveItem' });

/** `GET /v1/redrives/{id}/items`, 200. In the order of the plan: the oldest failure is first. */
export const redriveItemListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(redriveItemSchema),
    next_cursor: z.string().nullable().meta({
      description: 'Null on the last page. A page may be short or empty and still have a `next_cursor`.',
    }),
  })
  .meta({ id: 'RedriveItemList' });

/** The body of `POST /v1/redrives/{id}/pause`, `/resume` and `/cancel`. It may be absent. */
export const redriveControlSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' }),
  })
  .meta({ id: 'RedriveControl' });

export type RedriveRequest = z.infer<typeof redriveRequestSchema>;
export type RedrivePlanResponse = z.infer<typeof redrivePlanSchema>;
export type RedriveResponse = z.infer<typeof redriveSchema>;
export type RedriveListResponse = z.infer<typeof redriveListSchema>;
export type RedriveItem = z.infer<typeof redriveItemSchema>;
export type RedriveItemListResponse = z.infer<typeof redriveItemListSchema>;
export type RedriveControl = z.infer<typeof redriveControlSchema>;
