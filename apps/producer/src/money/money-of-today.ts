import { type BudgetUse, readBudgetUse } from '@darkroom/shared/budgets';
import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Cost, utcDay } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import { type SpendGroup, sumSpend } from '@darkroom/shared/spend';

/** What today's ended renders cost. */
export interface TodaysMoney {
  total: Cost;
  /** The largest first. */
  byTenant: SpendGroup[];
  byRun: SpendGroup[];
  budgets: BudgetUse[];
}

/** A day with many renders takes many requests to the store. So it is read again only after this time, … */
const MIN_AGE_MS = 5_000;
/** … and after this many times the time that the last read took. */
const AGE_PER_READ = 10;
const DEADLINE_MS = 60_000;

/** Reads today's money in the background. @returns what the last read found */
export function createTodaysMoneyReader({
  store,
  engine,
  clock,
}: {
  store: ObjectStore;
  engine: Engine;
  clock: Clock;
}): () => Promise<TodaysMoney | undefined> {
  let last: TodaysMoney | undefined;
  let next = Number.NEGATIVE_INFINITY;
  let reading: Promise<TodaysMoney | undefined> | undefined;
  const read = async () => {
    const began = clock.now();
    try {
      last = await readTodaysMoney(store, engine, began);
    } finally {
      const now = clock.now();
      next = now + Math.max(MIN_AGE_MS, (now - began) * AGE_PER_READ);
      reading = undefined;
    }
    return last;
  };
  return () => {
    if (!reading && clock.now() >= next) {
      reading = read();
      reading.catch(() => undefined);
    }
    // The first reader waits. The others get the present value.
    return last ? Promise.resolve(last) : (reading ?? Promise.resolve(last));
  };
}

async function readTodaysMoney(store: ObjectStore, engine: Engine, now: number): Promise<TodaysMoney> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const day = utcDay(now);
  const budgets = await readBudgetUse({ store, counters: engine.budgetCounters, now }, signal);
  const { total, groups } = await sumSpend(store, { from: day, to: day }, ['tenant', 'run'], signal);
  return { total, byTenant: groups.tenant, byRun: groups.run, budgets };
}
