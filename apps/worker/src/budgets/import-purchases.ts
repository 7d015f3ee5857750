import { type Budget, budgetMatches, listDays, nameSum } from '@darkroom/shared/budgets';
import type { CountedDays, CountedPurchase, Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type Purchase,
  readCheckpoint,
  type SpendEntry,
  utcDay,
} from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import { listSpend } from '@darkroom/shared/spend';

export interface ImportDeps {
  engine: Engine;
  queues: Queues;
  store: ObjectStore;
  clock: Clock;
  signal: AbortSignal;
}

const PAGE = 200;
/** In the order of a render's life; renders that move meanwhile are seen in the later state. */
const LIVE = ['waiting-children', 'prioritized', 'waiting', 'delayed', 'active', 'delayed'] as const;

/**
 * Fills the sums of a set of budgets: the purchases of running renders from their checkpoints, those of ended renders from
 * the spend index. It can be interrupted and repeated.
 *
 * @returns how many purchases it counted
 */
export async function importPurchases(
  deps: ImportDeps,
  budgets: readonly Budget[],
  generation: string,
): Promise<number> {
  const { engine, store, clock, signal } = deps;
  let count = 0;
  const send = async (day: string, purchases: CountedPurchase[]) => {
    count += purchases.length;
    await engine.budgetCounters.move(generation, daysOf(day), 'import', purchases);
  };
  const today = utcDay(clock.now());
  for await (const checkpoints of listLive(deps)) {
    const byDay = Map.groupBy(
      checkpoints.flatMap((checkpoint) => countCheckpoint(checkpoint, budgets, today)),
      ({ day }) => day,
    );
    for (const [day, found] of byDay)
      await send(
        day,
        found.map(({ counted }) => counted),
      );
  }
  const totals = budgets.filter(({ per }) => per === 'total').map(({ since }) => utcDay(since));
  const from = [today, ...totals].toSorted()[0] ?? today;
  let day = from;
  let batch: CountedPurchase[] = [];
  for await (const entry of listSpend(store, { from, to: today }, signal)) {
    if (entry.day !== day || batch.length >= PAGE) {
      await send(day, batch);
      [day, batch] = [entry.day, []];
    }
    batch.push(...countEntry(entry, budgets));
  }
  await send(day, batch);
  return count;
}

const daysOf = (day: string): CountedDays => listDays(Date.parse(day));

async function* listLive({ engine, queues }: ImportDeps): AsyncGenerator<Checkpoint[]> {
  for (const state of LIVE) {
    for (let from = 0; ; from += PAGE) {
      const ids = await queues.render.getRanges([state], from, from + PAGE - 1, true);
      const texts = await engine.readJobTexts(QUEUE.render, ids);
      yield texts.flatMap((text) => (text === undefined ? [] : [readCheckpoint(JSON.parse(text))]));
      if (ids.length < PAGE) break;
    }
  }
}

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

function createCounted(
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
