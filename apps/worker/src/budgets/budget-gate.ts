import type { Provider } from '@darkroom/providers';
import {
  type Budget,
  budgetMatches,
  findRenewal,
  listDays,
  nameGeneration,
  nameSum,
  readBudgets,
} from '@darkroom/shared/budgets';
import type { Settings } from '@darkroom/shared/config';
import type { CountedDays, CountedPurchase, Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Queues, readQueueState } from '@darkroom/shared/queues';
import { type Checkpoint, type JobRequest, utcDay } from '@darkroom/shared/render';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { importPurchases } from './import-purchases.ts';
import { wakeWaiting } from './wake-waiting.ts';

/** The purchase that a render is about to make, or has made. */
interface PurchaseOf {
  renderId: string;
  attempt: number;
  tenant: string;
  request: JobRequest;
}

/**
 * - `free`: the money is reserved, or no budget counts this purchase
 * - `over`: `budget` has not enough left, or the price is not known
 * - `not_ready`: the sums are being filled
 */
export type BudgetAnswer =
  | { kind: 'free' }
  | { kind: 'not_ready' }
  | { kind: 'over'; budget: Budget; renewsAt: number | undefined; isUnpriced: boolean };

/** Keeps purchases inside the budgets. */
export interface BudgetGate {
  /**
   * Reserves the price of a purchase in all its budgets, in one step. A purchase that is reserved already stays so. Call it
   * before the intent is written.
   */
  reserve(purchase: PurchaseOf): Promise<BudgetAnswer>;
  /** The purchase was accepted, or may have been. Never rejects. */
  count(purchase: PurchaseOf): Promise<void>;
  /** Nothing was bought, or the money came back. Never rejects. */
  release(purchase: PurchaseOf): Promise<void>;
  /** Makes the sums agree with the purchases of a render that ends. Never rejects. */
  recordEnd(checkpoint: Checkpoint): Promise<void>;
  close(): Promise<void>;
}

export interface BudgetGateDeps {
  engine: Engine;
  queues: Queues;
  store: ObjectStore;
  clock: Clock;
  log: Logger;
  provider: Pick<Provider, 'priceMicros'>;
  settings: Pick<Settings, 'BUDGET_REFRESH_MS'>;
}

/** While the store is away, a worker buys for no longer than this by the budgets that it knows, as a multiple of a refresh. */
const MAX_AGE = 2;
/** After this time all workers know a new set of budgets, and its sums are filled. */
const ADOPTED = 2.5;
/** A read of the budgets that takes longer is given up. */
const READ_MS = 5_000;

interface Known {
  budgets: readonly Budget[];
  generation: string;
  /** Unix milliseconds: when it was read. */
  readAt: number;
  /** Unix milliseconds: since when this process knows this generation. */
  since: number;
  isReady: boolean;
}

export function openBudgetGate(deps: BudgetGateDeps): BudgetGate {
  const { engine, queues, store, clock, log, provider, settings } = deps;
  const refreshMs = settings.BUDGET_REFRESH_MS;
  const counters = engine.budgetCounters;
  const stop = new AbortController();
  let known: Known | undefined;
  let limits = '';
  let hasReleased = false;

  const refresh = async (): Promise<Known> => {
    const readAt = clock.now();
    const budgets = await readBudgets(store, AbortSignal.any([stop.signal, AbortSignal.timeout(READ_MS)]));
    const generation = nameGeneration(budgets);
    const isSame = known?.generation === generation;
    known = {
      budgets,
      generation,
      readAt,
      since: isSame && known ? known.since : readAt,
      isReady: isSame && known ? known.isReady : false,
    };
    return known;
  };

  /** @throws StoreError: without the budgets nothing is bought. */
  const readKnown = async (): Promise<Known> =>
    known && Math.abs(clock.now() - known.readAt) <= MAX_AGE * refreshMs ? known : await refresh();

  const createCounted = (
    budgets: readonly Budget[],
    { renderId, attempt, tenant, request }: PurchaseOf,
    { day, dayBefore }: CountedDays,
    micros = provider.priceMicros(request),
  ): CountedPurchase => ({
    id: `${renderId}.${attempt}`,
    micros,
    budgets: budgets
      .filter((budget) => budgetMatches(budget, { tenant, run: request.run }))
      .map((budget) => ({
        sum: nameSum(budget, day),
        sumBefore: nameSum(budget, dayBefore),
        limitMicros: budget.limitMicros,
      })),
  });

  const moveQuietly = async (
    move: 'count' | 'release',
    list: (budgets: readonly Budget[], days: CountedDays) => CountedPurchase[],
  ) => {
    try {
      const { budgets, generation } = await readKnown();
      const days = listDays(clock.now());
      const counted = budgets.length === 0 ? [] : list(budgets, days).filter((one) => one.budgets.length > 0);
      if (counted.length === 0) return;
      await counters.move(generation, days, move, counted);
      if (move === 'release') hasReleased = true;
    } catch (error) {
      // The end of the render makes the sums right again.
      log.warn({ err: errorMessage(error), move }, 'budgets: purchase not counted yet');
    }
  };

  /** Fills the sums of a new generation, and wakes submissions when there may be money again. */
  const tick = async () => {
    const now = await refresh();
    const { budgets, generation } = now;
    if (budgets.length > 0) {
      now.isReady = await counters.isReady(generation);
      if (!now.isReady && clock.now() - now.since >= ADOPTED * refreshMs) {
        // Before a restore has ended, the queue may lack running renders and their purchases.
        if ((await readQueueState(engine, queues)) !== 'complete') return;
        const imported = await importPurchases({ ...deps, signal: stop.signal }, budgets, generation);
        await counters.markReady(generation);
        now.isReady = true;
        log.info({ budgets: budgets.length, purchases: imported }, 'budgets: sums filled');
      }
    }
    const seen = JSON.stringify([generation, now.isReady, budgets.map(({ limitMicros }) => limitMicros)]);
    if (seen !== limits || hasReleased) {
      const count = seen === limits ? 'some' : 'all';
      [limits, hasReleased] = [seen, false];
      await wakeWaiting(queues, count);
    }
  };

  const watch = async () => {
    while (!stop.signal.aborted) {
      await tick().catch((error: unknown) => {
        if (!stop.signal.aborted) log.warn({ err: errorMessage(error) }, 'budgets not checked');
      });
      await clock.sleep(refreshMs, stop.signal).catch(() => undefined);
    }
  };
  const watching = watch();

  return {
    async reserve(purchase) {
      const { budgets, generation } = await readKnown();
      if (budgets.length === 0) return { kind: 'free' };
      const now = clock.now();
      const days = listDays(now);
      const matching = budgets.filter((budget) =>
        budgetMatches(budget, { tenant: purchase.tenant, run: purchase.request.run }),
      );
      const counted = createCounted(matching, purchase, days);
      const [first] = matching;
      if (!first) return { kind: 'free' };
      const describe = (budget: Budget, isUnpriced: boolean): BudgetAnswer => ({
        kind: 'over',
        budget,
        renewsAt: isUnpriced ? undefined : findRenewal(budget, now),
        isUnpriced,
      });
      // A price of 0 would pass every limit.
      if (!(counted.micros > 0)) return describe(first, true);
      const answer = await counters.reserve(generation, days, counted);
      if (answer.kind === 'reserved') return { kind: 'free' };
      if (answer.kind === 'not_ready') return answer;
      return describe(matching[answer.index] ?? first, false);
    },
    count: (purchase) => moveQuietly('count', (budgets, days) => [createCounted(budgets, purchase, days)]),
    release: (purchase) =>
      moveQuietly('release', (budgets, days) => [createCounted(budgets, purchase, days)]),
    async recordEnd({ renderId, tenant, request, purchases, attempt: attempts }) {
      const bought = purchases.filter(({ outcome }) => outcome !== 'refunded');
      const toPurchase = (attempt: number) => ({ renderId, attempt, tenant, request });
      await moveQuietly('count', (budgets, days) =>
        bought
          // Older ones are counted, or belong to a budget that has renewed.
          .filter(({ acceptedAt }) => acceptedAt === undefined || utcDay(acceptedAt) >= days.dayBefore)
          .map(({ attempt, costMicros }) => createCounted(budgets, toPurchase(attempt), days, costMicros)),
      );
      const missing = Array.from({ length: attempts }, (_, at) => at + 1).filter((attempt) =>
        bought.every((one) => one.attempt !== attempt),
      );
      if (missing.length === 0) return;
      await moveQuietly('release', (budgets, days) =>
        missing.map((attempt) => createCounted(budgets, toPurchase(attempt), days)),
      );
    },
    async close() {
      stop.abort();
      await watching;
    },
  };
}
