import { z } from 'zod';
import { DATA_VERSION, sha256, utcDay } from '../render/index.ts';

/** Below this prefix, an object per budget. */
export const budgetSchema = z.object({
  version: z.literal(DATA_VERSION),
  name: z.string(),
  limitMicros: z.number().int().nonnegative(),
  /** `day`: renews at 00:00 UTC. `total`: counts from the day of `since`, and never renews. */
  per: z.enum(['day', 'total']),
  /** Only purchases for this tenant, and for this run. */
  tenant: z.string().optional(),
  run: z.string().optional(),
  /** Unix milliseconds: when the budget was first set with this scope. */
  since: z.number(),
  /** Unix milliseconds: the last change. */
  setAt: z.number(),
  /** Who changed it last, for people. */
  actor: z.string(),
  reason: z.string().optional(),
});

/** A hard limit. It counts purchases that are accepted, being submitted, or unknown; not refunded ones. */
export type Budget = Omit<z.infer<typeof budgetSchema>, 'version'>;

/** What of a budget is used. */
export interface BudgetUse {
  budget: Budget;
  /** `undefined` while the sums are not complete. */
  usedMicros: number | undefined;
  /** Unix milliseconds; `undefined`: never. */
  renewsAt: number | undefined;
}

const DAY_MS = 86_400_000;

export const budgetMatches = (
  { tenant, run }: Pick<Budget, 'tenant' | 'run'>,
  render: { tenant: string; run: string | undefined },
) => (tenant === undefined || tenant === render.tenant) && (run === undefined || run === render.run);

/** When the budget renews: the next midnight in UTC. @returns `undefined`: never */
export const findRenewal = ({ per }: Pick<Budget, 'per'>, now: number): number | undefined =>
  per === 'day' ? (Math.floor(now / DAY_MS) + 1) * DAY_MS : undefined;

/** The name of the sum of a budget for a day: a total has the same sum every day. */
export const nameSum = ({ name, per }: Pick<Budget, 'name' | 'per'>, day: string) =>
  `${name}@${per === 'day' ? day : 'total'}`;

export const listDays = (now: number) => ({ day: utcDay(now), dayBefore: utcDay(now - DAY_MS) });

/** Names a set of budgets. A changed limit is no new set: the sums stay. */
export function nameGeneration(budgets: readonly Budget[]): string {
  const scopes = budgets.map(({ name, per, tenant, run, since }) => [name, per, tenant, run, since]);
  return sha256(JSON.stringify(scopes)).slice(0, 16);
}

/** For people: `budget night (tenant shop): $10.000 per UTC day`. @param dollars the limit */
export const describeBudget = ({ name, per, tenant, run }: Budget, dollars: string): string => {
  const scope = [tenant && `tenant ${tenant}`, run && `run ${run}`].filter(Boolean).join(', ');
  return `budget ${name}${scope && ` (${scope})`}: $${dollars} ${per === 'day' ? 'per UTC day' : 'in total'}`;
};
