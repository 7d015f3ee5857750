import type { IntakeDeps } from './accept-render.ts';
import { type BulkCall, enqueueBatch, type ItemOutcome, prepareBatch } from './batch.ts';
import type { BulkItemInput } from './bulk-items.ts';

/** What became of one item. */
export type ItemResult = { index: number; line?: number } & ItemOutcome;

/** Batches that are under way: one is looked into while another is being added. */
const MAX_CONCURRENT_BATCHES = 3;

export interface BulkCaller {
  tenant: string;
  /** The call's own `Idempotency-Key`: it covers items without a key, by their position. */
  key: string | undefined;
  /** Told of every batch once its items are durable or refused, also when nobody reads the answer any more. */
  onResults?(results: ItemResult[]): void;
}

/**
 * Lets many renders in; each is answered by itself, in order, a batch at a time. No more of the items is read than
 * a few batches ahead of what is read of the results. When the queue or the store goes away in the middle, what was
 * added counts and the rest is told to try again.
 *
 * Throws what the batches throw, after the results of those before.
 */
export async function* acceptBulk(
  deps: IntakeDeps,
  caller: BulkCaller,
  batches: AsyncGenerator<BulkItemInput[]>,
): AsyncGenerator<ItemResult[]> {
  // A queue that hangs is found out by a small question: a large one may take long for good reasons.
  const answers = deps.queue.ping();
  answers.catch(() => undefined);
  const call: BulkCall = { deps, tenant: caller.tenant, key: caller.key, turn: answers };
  const accept = async (items: BulkItemInput[]) => {
    const results = await acceptBatch(call, items);
    caller.onResults?.(results);
    return results;
  };
  const start = () => {
    const result = batches.next().then(({ done, value }) => (done ? undefined : accept(value)));
    // It is looked at in its turn.
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
    // What is being added stays; nobody waits for a body that may never come.
    batches.return(undefined).catch(() => undefined);
  }
}

async function acceptBatch(call: BulkCall, items: BulkItemInput[]): Promise<ItemResult[]> {
  const before = call.turn;
  const { promise: turn, resolve: next } = Promise.withResolvers<void>();
  call.turn = turn;
  try {
    const prepared = await prepareBatch(call, items);
    // In the order of the request: of two with one key the first makes the render. Nobody waits for an answer here.
    await before;
    const settling = enqueueBatch(call, prepared);
    next();
    return addPositions(items, await settling);
  } finally {
    next();
  }
}

function addPositions(items: BulkItemInput[], outcomes: ItemOutcome[]): ItemResult[] {
  return outcomes.map((outcome, at) => {
    const { index, line } = items[at] as BulkItemInput;
    return line === undefined ? { index, ...outcome } : { index, line, ...outcome };
  });
}
