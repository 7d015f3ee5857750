import { type Budget, budgetMatches, listDays, nameSum } from '@darkroom/shared/budgets';
import type { CountedDays, CountedPurchase, Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { listLiveRenders, type Queues } from '@darkroom/shared/queues';
import { type Checkpoint, type Purchase, type SpendEntry, utcDay } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import { listSpend } from '@darkroom/shared/spend';

export interface ListCountedDeps {
  engine: Pick<Engine, 'readJobTexts'>;
  queues: Queues;
  store: ObjectStore;
  clock: Pick<Clock, 'now'>;
  signal: AbortSignal;
}

const PAGE = 200;

/**
 * The purchases that count against budgets, by day: those of running renders from their checkpoints, those of ended renders
 * from the spend index. A render that ends meanwhile may be in it twice.
 *
 * @param from the first UTC day of the index
 */
export async function* listCountedPurchases(
  deps: ListCountedDeps,
  budgets: readonly Budget[],
  from: string,
): AsyncGenerator<{ day: string; purchases: CountedPurchase[] }> {
  const { store, clock, signal } = deps;
  const today = utcDay(clock.now());
  for await (const checkpoints of listLiveRenders(deps.engine, deps.queues)) {
    const byDay = Map.groupBy(
      checkpoints.flatMap((checkpoint) => countCheckpoint(checkpoint, budgets, today)),
      ({ day }) => day,
    );
    for (const [day, found] of byDay) yield { day, purchases: found.map(({ counted }) => counted) };
  }
  let day = from;
  let batch: CountedPurchase[] = [];
  for await (const entry of listSpend(store, { from, to: today }, signal)) {
    if (entry.day !== day || batch.length >= PAGE) {
      yield { day, purchases: batch };
      [day, batch] = [entry.day, []];
    }
    batch.push(...countEntry(entry, budgets));
  }
  yield { day, purchases: batch };
}

export const daysOf = (day: string): CountedDays => listDays(Date.parse(day));

/** The purchases of a running render. An unknown purchase of a running render counts today. */
function countCheckpoint(checkpoint: Checkpoint, budgets: readonly Budget[], today: string) {
  const { renderId, tenant, request, purchases } = checkpoint;
  const toDay = ({ acceptedAt }: Purchase) => (acceptedAt === undefined ? today : utcDay(acceptedAt));
  return purchases
    .filter(({ outcome }) => outcome !== 'refunded')
    .map((purchase) => {
      const day = toDay(purchase);
      const { attempt, costMicros } = purchase;
      const render = { renderId, tenant, run: request.run };
      return { day, counted: createCounted(render, { attempt, micros: costMicros, day }, budgets) };
    });
}

/** The purchases of an ended render on one day. Its amounts are those of all its purchases with the same outcome. */
function countEntry(entry: SpendEntry, budgets: readonly Budget[]): CountedPurchase[] {
  const amounts = { a: entry.spentMicros, u: entry.possiblySpentMicros };
  return (['a', 'u'] as const).flatMap((letter) => {
    const attempts = [...entry.outcomes].flatMap((one, at) => (one === letter ? [at + 1] : []));
    const share = Math.floor(amounts[letter] / attempts.length);
    return attempts.map((attempt, at) => {
      const micros = at === 0 ? amounts[letter] - share * (attempts.length - 1) : share;
      return createCounted(entry, { attempt, micros, day: entry.day }, budgets);
    });
  });
}

/** A purchase with the budgets that it counts against on a day. */
export function createCounted(
  render: { renderId: string; tenant: string; run: string | undefined },
  { attempt, micros, day }: { attempt: number; micros: number; day: string },
  budgets: readonly Budget[],
): CountedPurchase {
  const { dayBefore } = daysOf(day);
  return {
    id: `${render.renderId}.${attempt}`,
    micros,
    budgets: budgets
      .filter(
        (budget) => budgetMatches(budget, render) && (budget.per === 'day' || day >= utcDay(budget.since)),
      )
      .map((budget) => ({
        sum: nameSum(budget, day),
        sumBefore: nameSum(budget, dayBefore),
        limitMicros: budget.limitMicros,
      })),
  };
}
