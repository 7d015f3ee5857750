import type { IntakeDeps } from './accept-render.ts';
import { type BulkCall, enqueueBatch, type ItemOutcome, prepareBatch } from './batch.ts';
import type { BulkInput } from './bulk-items.ts';

/** The outcome of one item. */
export type ItemResult = { index: number; line?: number } & ItemOutcome;

/**
 * How many batches are under way: while one is added to the queue, the next ones are prepared. Each waits for the store to
 * write its journal entry, so fewer would leave the queue idle.
 */
export const MAX_CONCURRENT_BATCHES = 32;

export interface BulkCaller {
  tenant: string;
  /** The call's `Idempotency-Key`. It covers items without a key of their own, by their position. */
  key: string | undefined;
  /** Called for every batch when its items are durable or rejected, also when the caller has disconnected. */
  onResults?(results: ItemResult[]): void;
}

/**
 * Accepts many renders. Yields the outcome of each item, in order, a batch at a time. Reads only a few batches more
 * than the caller has read results. When the queue or the store becomes unavailable, the items that were added stay
 * accepted, and the others report that the caller must send them again.
 *
 * Throws what a batch throws, after the results of the batches before it.
 */
export async function* acceptBulk(
  deps: IntakeDeps,
  caller: BulkCaller,
  batches: AsyncGenerator<BulkInput[]>,
): AsyncGenerator<ItemResult[]> {
  // A ping detects a queue that hangs: a large batch may take long for good reasons.
  const ping = deps.queue.ping();
  ping.catch(() => undefined);
  const call: BulkCall = { deps, tenant: caller.tenant, key: caller.key, ping, turn: ping };
  const accept = async (items: BulkInput[]) => {
    const results = await acceptBatch(call, items);
    caller.onResults?.(results);
    return results;
  };
  const start = () => {
    const result = batches.next().then(({ done, value }) => (done ? undefined : accept(value)));
    // The loop below awaits it in its turn.
    result.catch(() => undefined);
    return result;
  };
  const underway = Array.from({ length: MAX_CONCURRENT_BATCHES }, start);
  try {
    for (let results = await underway.shift(); results; results = await underway.shift()) {
      underway.push(start());
      yield results;
    }
  } finally {
    // Batches under way are still added. The rest of the body may never arrive, so the call must not wait for it.
    batches.return(undefined).catch(() => undefined);
  }
}

async function acceptBatch(call: BulkCall, items: BulkInput[]): Promise<ItemResult[]> {
  const before = call.turn;
  const { promise: turn, resolve: next } = Promise.withResolvers<void>();
  call.turn = turn;
  try {
    const prepared = await prepareBatch(call, items);
    // Batches go to the queue in the order of the request: the first of two items with one key makes the render.
    // The next batch is sent without waiting for the queue's answer to this one.
    await before;
    const enqueued = enqueueBatch(call, prepared);
    next();
    return addPositions(items, await enqueued);
  } finally {
    next();
  }
}

function addPositions(items: BulkInput[], outcomes: ItemOutcome[]): ItemResult[] {
  return outcomes.map((outcome, at) => {
    const { index, line } = items[at] as BulkInput;
    return line === undefined ? { index, ...outcome } : { index, line, ...outcome };
  });
}
