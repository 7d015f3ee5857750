import { z } from 'zod';
import { providerNameSchema } from './record-parts.ts';

/**
 * `accepted`: the provider accepted it and has not refunded it. `refunded`: its task failed, and the provider gave the
 * money back. `unknown`: the provider may have charged it. Either the response to the submission was lost, or Darkroom
 * stopped polling before the task was final.
 */
const PURCHASE_OUTCOMES = ['accepted', 'refunded', 'unknown'] as const;

/** One purchase of a render: the submission of one attempt. */
export const purchaseSchema = z.strictObject({
  provider: providerNameSchema,
  /** From 1. */
  attempt: z.number().int().positive(),
  outcome: z.enum(PURCHASE_OUTCOMES),
  /** Micro-dollars, from the configured prices. */
  costMicros: z.number().int(),
  /** Absent while it is not known whether the provider accepted it. */
  taskId: z.string().optional(),
  /** Unix milliseconds: when the provider accepted it. */
  acceptedAt: z.number().optional(),
});

export type Purchase = z.infer<typeof purchaseSchema>;

/**
 * What purchases cost, in micro-dollars. The provider's charges lie between `spentMicros` and the sum of `spentMicros`
 * and `possiblySpentMicros`.
 */
export const costSchema = z.strictObject({
  spentMicros: z.number().int(),
  refundedMicros: z.number().int(),
  possiblySpentMicros: z.number().int(),
});

export type Cost = z.infer<typeof costSchema>;

const AMOUNT = {
  accepted: 'spentMicros',
  refunded: 'refundedMicros',
  unknown: 'possiblySpentMicros',
} as const satisfies Record<Purchase['outcome'], keyof Cost>;

export function sumCost(purchases: Pick<Purchase, 'outcome' | 'costMicros'>[]): Cost {
  const cost: Cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 };
  for (const { outcome, costMicros } of purchases) cost[AMOUNT[outcome]] += costMicros;
  return cost;
}

/** The purchases with this one, which replaces an earlier record of its attempt. */
export const recordPurchase = (purchases: Purchase[], purchase: Purchase): Purchase[] => [
  ...purchases.filter((one) => one.attempt !== purchase.attempt),
  purchase,
];

/** The purchases, with another outcome of one attempt. */
export const changeOutcome = (
  purchases: Purchase[],
  attempt: number,
  outcome: Purchase['outcome'],
): Purchase[] =>
  purchases.map((purchase) => (purchase.attempt === attempt ? { ...purchase, outcome } : purchase));
