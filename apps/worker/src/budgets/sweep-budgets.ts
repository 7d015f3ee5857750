import { type Budget, listDays, nameGeneration, nameSum, readBudgets } from '@darkroom/shared/budgets';
import type { CountedPurchase, Engine } from '@darkroom/shared/engine';
import { isStoreAway } from '@darkroom/shared/object-store';
import { listLiveRenders } from '@darkroom/shared/queues';
import type { Infra } from '../stage/index.ts';
import { createCounted, type ListCountedDeps, listCountedPurchases } from './list-counted.ts';

/** What the last check found. Only what two checks find is repaired: purchases move all the time. */
export interface BudgetSweepMemory {
  /** Unix milliseconds. */
  checkedAt: number;
  found: ReadonlySet<string>;
}

export const createBudgetSweepMemory = (): BudgetSweepMemory => ({
  checkedAt: Number.NEGATIVE_INFINITY,
  found: new Set(),
});

export interface SweepBudgetsDeps extends ListCountedDeps, Pick<Infra, 'log' | 'ledger'> {
  engine: Engine;
  memory: BudgetSweepMemory;
}

/** A check lists the spend of two days. */
const CHECK_EVERY_MS = 600_000;

/**
 * Compares the sums of the budgets with the purchases of the checkpoints and the spend index: purchases that are counted but
 * were not made, purchases that were made but are not counted, and sums that are not the sum of their purchases.
 *
 * @returns how many it corrected. A store that is away is no error: the next sweep goes on.
 */
export async function sweepBudgets(deps: SweepBudgetsDeps): Promise<number> {
  const { clock, memory, signal, log } = deps;
  if (Math.abs(clock.now() - memory.checkedAt) < CHECK_EVERY_MS) return 0;
  try {
    const budgets = await readBudgets(deps.store, signal);
    memory.checkedAt = clock.now();
    const generation = nameGeneration(budgets);
    if (budgets.length === 0 || !(await deps.engine.budgetCounters.isReady(generation))) return 0;
    return await checkSums(deps, budgets, generation);
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: the next sweep checks the budgets');
    return 0;
  }
}

async function checkSums(
  deps: SweepBudgetsDeps,
  budgets: readonly Budget[],
  generation: string,
): Promise<number> {
  const { engine, clock, memory, log } = deps;
  const counters = engine.budgetCounters;
  const days = listDays(clock.now());
  const names = budgets.filter(({ per }) => per === 'day').map((budget) => nameSum(budget, days.day));
  // The counters first: a purchase that is made meanwhile is found missing once, not twice.
  const sums = await counters.readSums(generation, names);
  const [today, yesterday] = await Promise.all([
    counters.listPurchases(generation, days.day),
    counters.listPurchases(generation, days.dayBefore),
  ]);
  const known = await listKnown(deps, budgets, days);
  const found = new Map<string, () => Promise<boolean>>();
  const counted = new Map([...yesterday, ...today]);
  for (const [id, micros] of counted)
    if (micros > 0 && !known.has(id))
      found.set(`release ${id}`, () => releaseUnknown(deps, budgets, generation, id));
  for (const [id, { purchase, isMade, day }] of known)
    if (isMade && day === days.day && purchase.budgets.length > 0 && !((counted.get(id) ?? 0) > 0))
      found.set(`count ${id}`, async () => {
        await counters.move(generation, days, 'count', [purchase]);
        return true;
      });
  // A purchase of an unknown render belongs to unknown budgets.
  const isComplete = [...today].every(([id, micros]) => micros === 0 || known.has(id));
  if (isComplete) {
    for (const [at, name] of names.entries()) {
      const expected = sumCounted(today, known, name);
      const difference = (sums[at] ?? 0) - expected;
      if (difference !== 0)
        found.set(`sum ${name} ${difference}`, async () => {
          await counters.reset(generation, days);
          return true;
        });
    }
  }
  const before = memory.found;
  memory.found = new Set(found.keys());
  let repaired = 0;
  for (const [what, repair] of found) {
    if (!before.has(what) || !(await repair())) continue;
    repaired += 1;
    log.warn({ what }, 'budget corrected: its sum was not that of its purchases');
  }
  return repaired;
}

interface Known {
  purchase: CountedPurchase;
  /** Whether it was made. Otherwise its render may be making it, and has reserved it. */
  isMade: boolean;
  day: string;
}

/** All purchases that may be counted: made ones, and the next one of each running render. */
async function listKnown(
  deps: SweepBudgetsDeps,
  budgets: readonly Budget[],
  { day, dayBefore }: { day: string; dayBefore: string },
): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  for await (const found of listCountedPurchases(deps, budgets, dayBefore)) {
    for (const purchase of found.purchases)
      known.set(purchase.id, { purchase, isMade: true, day: found.day });
  }
  for await (const checkpoints of listLiveRenders(deps.engine, deps.queues)) {
    for (const { renderId, tenant, request, attempt } of checkpoints) {
      const purchase = createCounted(
        { renderId, tenant, run: request.run },
        { attempt, micros: 0, day },
        budgets,
      );
      if (!known.has(purchase.id)) known.set(purchase.id, { purchase, isMade: false, day });
    }
  }
  return known;
}

function sumCounted(
  counted: ReadonlyMap<string, number>,
  known: ReadonlyMap<string, Known>,
  name: string,
): number {
  let sum = 0;
  for (const [id, micros] of counted) {
    const budgets = known.get(id)?.purchase.budgets ?? [];
    // The names of today and of the day of the purchase differ only in the day.
    if (budgets.some((budget) => budget.sum.split('@')[0] === name.split('@')[0])) sum += micros;
  }
  return sum;
}

/** @returns false if the render is not known: then its budgets are not known. */
async function releaseUnknown(
  { engine, ledger, clock, signal }: SweepBudgetsDeps,
  budgets: readonly Budget[],
  generation: string,
  id: string,
): Promise<boolean> {
  const [renderId = '', attempt = ''] = id.split('.');
  const receipt = await ledger.readReceipt(renderId, signal);
  if (!receipt) return false;
  const days = listDays(clock.now());
  const purchase = createCounted(
    { renderId, tenant: receipt.tenant, run: receipt.request.run },
    { attempt: Number(attempt), micros: 0, day: days.day },
    budgets,
  );
  await engine.budgetCounters.move(generation, days, 'release', [purchase]);
  return true;
}
