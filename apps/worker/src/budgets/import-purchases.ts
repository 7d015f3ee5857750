import type { Budget } from '@darkroom/shared/budgets';
import type { Engine } from '@darkroom/shared/engine';
import { utcDay } from '@darkroom/shared/render';
import { daysOf, type ListCountedDeps, listCountedPurchases } from './list-counted.ts';

export interface ImportDeps extends ListCountedDeps {
  engine: Engine;
}

/**
 * Fills the sums of a set of budgets with all purchases that count. It can be interrupted and repeated.
 *
 * @returns how many purchases it counted
 */
export async function importPurchases(
  deps: ImportDeps,
  budgets: readonly Budget[],
  generation: string,
): Promise<number> {
  const totals = budgets.filter(({ per }) => per === 'total').map(({ since }) => utcDay(since));
  const today = utcDay(deps.clock.now());
  const from = [today, ...totals].toSorted()[0] ?? today;
  let count = 0;
  for await (const { day, purchases } of listCountedPurchases(deps, budgets, from)) {
    count += purchases.length;
    await deps.engine.budgetCounters.move(generation, daysOf(day), 'import', purchases);
  }
  return count;
}
