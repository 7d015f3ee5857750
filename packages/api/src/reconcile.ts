import { z } from 'zod';
import { TENANT } from './fields.ts';
import { amountSchema } from './responses.ts';

/** What a comparison of the books with the provider's balance shows. */
export const RECONCILE_RESULTS = [
  'balanced',
  'unexplained',
  'all_bought',
  'none_bought',
  'unproven',
] as const;
export type ReconcileResult = (typeof RECONCILE_RESULTS)[number];

/** Why a comparison proves nothing. */
export const RECONCILE_DOUBTS = [
  'edge_before',
  'edge_after',
  'in_flight',
  'open_task',
  'refund_time',
  'unknown_near_edge',
  'price',
  'top_up',
  'nothing_moved',
] as const;
export type ReconcileDoubt = (typeof RECONCILE_DOUBTS)[number];

/** Each doubt, for people. */
export const RECONCILE_DOUBT_TEXTS: Record<ReconcileDoubt, string> = {
  edge_before: 'The balance moved shortly before or after the first reading, or it was not read then.',
  edge_after: 'The balance moved shortly before or after the last reading, or it was not read then.',
  in_flight: 'A submission has no answer yet.',
  open_task: 'A task is not final, or is not polled any more: it may still be refunded.',
  refund_time: 'A refund may have come before or after a reading.',
  unknown_near_edge: 'An unknown purchase is close to an edge: it may have been charged on the other side.',
  price: 'The price of a purchase is not known.',
  top_up: 'The balance rose by more than the refunds. State the top-ups.',
  nothing_moved: 'The balance did not move at all, so it is not certain that it shows purchases.',
};

const SIGNED_DOLLARS = /^-?\d+\.\d{3,6}$/;
const signedAmountSchema = z.string().regex(SIGNED_DOLLARS).meta({
  description: 'US dollars as a decimal string. Negative with a minus sign.',
  example: '-0.025',
});

const DOLLARS = /^\d{1,9}(\.\d{1,6})?$/;

/** The body of `POST /v1/reconcile`. */
export const reconcileRequestSchema = z
  .strictObject({
    from: z.iso.date().optional().meta({ description: 'The first UTC day. The day of `to` by default.' }),
    to: z.iso.date().optional().meta({ description: 'The last UTC day. Today by default.' }),
    top_ups: z
      .string()
      .regex(DOLLARS, { error: 'expected an amount of dollars as a string, such as "50"' })
      .optional()
      .meta({ description: 'What was paid into the account between the two readings, in dollars.' }),
    resolve: z.boolean().optional().meta({
      description:
        'Resolve the unknown purchases if the difference proves that all or none were bought. The setting `RECONCILE_RESOLVE` by default.',
    }),
  })
  .meta({ id: 'ReconcileRequest' });

const readingSchema = z.strictObject({
  at: z.iso.datetime(),
  balance: signedAmountSchema,
});

const openPurchaseSchema = z
  .strictObject({
    render_id: z.string(),
    tenant: z.string().regex(TENANT),
    attempt: z.number().int(),
    price: amountSchema,
    claimed_at: z.iso.datetime(),
    resolved: z.enum(['bought', 'not_bought']).nullable().meta({
      description: 'What this reconciliation stated about it. Null: nothing.',
    }),
    command: z.string().nullable().meta({
      description:
        'The command that resolves it. Null if it was resolved, or if its render has ended in another way and needs none.',
    }),
  })
  .meta({ id: 'ReconcilePurchase' });

/** `POST /v1/reconcile`, 200, and `GET /v1/reconcile/{id}`. */
export const reconcileSchema = z
  .strictObject({
    object: z.literal('reconciliation'),
    id: z.string(),
    created_at: z.iso.datetime(),
    actor: z.string(),
    from: z.iso.date(),
    to: z.iso.date(),
    before: readingSchema,
    after: readingSchema,
    top_ups: amountSchema.meta({ description: 'As the request stated them.' }),
    charged: amountSchema.meta({
      description: 'Purchases that the provider accepted between the readings, also refunded ones.',
    }),
    refunded: amountSchema.meta({ description: 'Refunds between the readings.' }),
    possibly_spent: amountSchema.meta({ description: 'The unknown purchases between the readings.' }),
    expected: signedAmountSchema.meta({ description: '`charged` minus `refunded`.' }),
    actual: signedAmountSchema.meta({ description: 'How much the balance fell, plus `top_ups`.' }),
    remainder: signedAmountSchema.meta({
      description: '`actual` minus `expected`: what the known purchases do not explain.',
    }),
    result: z.enum(RECONCILE_RESULTS).meta({
      description:
        '`balanced`: there is no unknown purchase and no remainder. `unexplained`: no unknown purchase, but a remainder. `all_bought`, `none_bought`: proven for the unknown purchases. `unproven`: it is not.',
    }),
    doubts: z.array(
      z.strictObject({
        code: z.enum(RECONCILE_DOUBTS),
        purchases: z.number().int(),
        message: z.string(),
      }),
    ),
    resolved: z.number().int().meta({ description: 'Unknown purchases about which a statement was made.' }),
    unknown: z.array(openPurchaseSchema).meta({ description: 'At most 1,000 unknown purchases.' }),
    more_unknown: z.number().int(),
    currency: z.literal('USD'),
  })
  .meta({ id: 'Reconciliation' });

/** `GET /v1/reconcile`, 200. */
export const reconcileListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(reconcileSchema) })
  .meta({ id: 'ReconciliationList' });

export type ReconcileRequest = z.infer<typeof reconcileRequestSchema>;
export type ReconcileResponse = z.infer<typeof reconcileSchema>;
export type ReconcileListResponse = z.infer<typeof reconcileListSchema>;
