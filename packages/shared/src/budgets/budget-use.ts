import type { BudgetCounters } from '../engine/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import { type BudgetUse, findRenewal, listDays, nameGeneration, nameSum } from './budget.ts';
import { readBudgets } from './budget-store.ts';

/** All budgets, and what of them is used. Throws the errors of the store and of the engine. */
export async function readBudgetUse(
  { store, counters, now }: { store: ObjectStore; counters: BudgetCounters; now: number },
  signal?: AbortSignal,
): Promise<BudgetUse[]> {
  const budgets = await readBudgets(store, signal);
  if (budgets.length === 0) return [];
  const generation = nameGeneration(budgets);
  const { day } = listDays(now);
  const [isReady, sums] = await Promise.all([
    counters.isReady(generation),
    counters.readSums(
      generation,
      budgets.map((budget) => nameSum(budget, day)),
    ),
  ]);
  return budgets.map((budget, at) => ({
    budget,
    usedMicros: isReady ? sums[at] : undefined,
    renewsAt: findRenewal(budget, now),
  }));
}
