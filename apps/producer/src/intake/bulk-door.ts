import type { Checkpoint } from '@darkroom/shared';
import pMap from 'p-map';
import { isQueueAway, ProblemError, queueAway, toProblem } from '../problems/index.ts';
import { type Accepted, created, type DoorDeps, type Prepared, prepare, settle } from './door.ts';
import type { Item } from './items.ts';
import { type CheckedRequest, checkRequest } from './request.ts';

/** What became of one item. */
export type ItemResult = { index: number; line?: number } & Outcome;
type Outcome = { accepted: Accepted } | { problem: ProblemError };

/** Items a call to the queue adds: large enough to be quick, small enough not to hold up the others. */
const CHUNK = 250;
/** Items of a chunk that are looked into side by side. */
const PARALLEL = 16;

interface Call {
  deps: DoorDeps;
  tenant: string;
  /** The call's own `Idempotency-Key`: it covers items without a key, by their position. */
  key: string | undefined;
  /** Set once the queue or the store is away: what follows is not tried, each try would have to time out. */
  away?: ProblemError;
}

/**
 * Lets many renders in; each is answered by itself, in order. When the queue or the store goes away in the
 * middle, what was added counts and the rest is told to try again.
 *
 * @throws {ProblemError} when the queue or the store is away and nothing was accepted.
 */
export async function acceptAll(
  deps: DoorDeps,
  tenant: string,
  items: Item[],
  key: string | undefined,
): Promise<ItemResult[]> {
  const call: Call = { deps, tenant, key };
  const results: ItemResult[] = [];
  for (let start = 0; start < items.length; start += CHUNK) {
    const chunk = items.slice(start, start + CHUNK);
    for (const [at, outcome] of (await acceptChunk(call, chunk)).entries()) {
      const { index, line } = chunk[at] as Item;
      results.push({ index, ...(line === undefined ? {} : { line }), ...outcome });
    }
  }
  if (call.away && !results.some((result) => 'accepted' in result)) throw call.away;
  return results;
}

async function acceptChunk(call: Call, items: Item[]): Promise<Outcome[]> {
  const options = { concurrency: PARALLEL };
  const prepared = await pMap(items, (item) => prepareItem(call, item), options);
  const refusal = await addAll(call, prepared);
  return await pMap(prepared, (one) => settleItem(call, one, refusal), options);
}

type PreparedItem = Prepared | { problem: ProblemError };

async function prepareItem(call: Call, item: Item): Promise<PreparedItem> {
  if ('problem' in item) return { problem: item.problem };
  if (call.away) return notReached(call.away);
  try {
    return await prepare(call.deps, call.tenant, checkItem(item.value, item.index, call.key));
  } catch (error) {
    return failed(call, toProblem(error));
  }
}

/** Adds what is new, all or none. @returns why it could not. */
async function addAll(call: Call, prepared: PreparedItem[]): Promise<unknown> {
  // The same key twice in one call: the first makes the render, the second finds it.
  const fresh = new Map<string, Checkpoint>();
  for (const one of prepared) {
    if ('checkpoint' in one && !fresh.has(one.checkpoint.renderId)) {
      fresh.set(one.checkpoint.renderId, one.checkpoint);
    }
  }
  if (fresh.size === 0) return undefined;
  try {
    await call.deps.queue.addBulk([...fresh.values()]);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function settleItem(call: Call, one: PreparedItem, refusal: unknown): Promise<Outcome> {
  if ('problem' in one) return one;
  if ('found' in one) return { accepted: one.found };
  const { checkpoint, keyed } = one;
  const unconfirmed = (error: unknown) =>
    failed(call, isQueueAway(error) ? queueAway(error, checkpoint.renderId) : toProblem(error));
  if (refusal !== undefined) return unconfirmed(refusal);
  if (!keyed) return { accepted: created(checkpoint) };
  if (call.away) return unconfirmed(call.away.cause);
  try {
    return { accepted: await settle(call.deps, checkpoint) };
  } catch (error) {
    return unconfirmed(error);
  }
}

function failed(call: Call, problem: ProblemError): { problem: ProblemError } {
  if (problem.status === 503) call.away ??= problem;
  return { problem };
}

const notReached = (away: ProblemError) => ({
  problem: new ProblemError(away.code, 'This item was not reached. Send it again.', { cause: away }),
});

/** A key of the item itself comes first. No key that a caller can send has a blank in it. */
function checkItem(value: unknown, index: number, key: string | undefined): CheckedRequest {
  const checked = checkRequest(value);
  if (checked.idempotencyKey !== undefined || key === undefined) return checked;
  return { ...checked, idempotencyKey: `${key} ${index}` };
}
