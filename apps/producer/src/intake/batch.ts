import type { Checkpoint } from '@darkroom/shared/render';
import pMap from 'p-map';
import { findRender, inLedger, standingIn } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueAway, toProblem } from '../problems/index.ts';
import {
  type Accepted,
  created,
  type DoorDeps,
  type Draft,
  draftOf,
  recognised,
  store,
} from './accept-render.ts';
import type { Item } from './bulk-items.ts';
import { type CheckedRequest, checkRequest } from './request.ts';

export type Outcome = { accepted: Accepted } | { problem: ProblemError };
/** An item on its way: let in, refused, or ready for the queue. */
type Slot = Outcome | { draft: Draft };

/** Calls to the store of one batch that are made side by side. */
const PARALLEL = 16;

export interface BulkCall {
  deps: DoorDeps;
  tenant: string;
  key: string | undefined;
  /** Resolves when the batch before was sent to the queue. */
  turn: Promise<void>;
  /** Set once the queue or the store is away: what follows is not tried, each try would have to time out. */
  away?: ProblemError;
}

/** Everything before the queue: requests checked, earlier renders of the same keys found, inputs stored. */
export async function prepare(call: BulkCall, items: Item[]): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (const item of items) {
    const slot = look(call, item);
    slots.push(slot instanceof Promise ? await slot : slot);
  }
  const keyed = draftsOf(slots, ({ keyed }) => keyed);
  if (keyed.length > 0) await findEarlier(call, slots, keyed);
  const storing = draftsOf(slots, ({ inputs }) => inputs.length > 0);
  await each(call, slots, storing, async ({ draft }) => {
    await store(call.deps, draft);
    return { draft };
  });
  return slots;
}

/** Adds what is new, all or none, and finds out who made it. The call to the queue goes out before this one waits. */
export async function settle(call: BulkCall, slots: Slot[]): Promise<Outcome[]> {
  const refusal = await addAll(call, slots);
  if (refusal === undefined) await recogniseOthers(call, slots);
  return slots.map((slot) => {
    if (!('draft' in slot)) return slot;
    const { checkpoint } = slot.draft;
    return refusal === undefined ? { accepted: created(checkpoint) } : unconfirmed(call, refusal, checkpoint);
  });
}

/** Drafts whose key somebody else was faster with become what that one made. */
async function recogniseOthers(call: BulkCall, slots: Slot[]): Promise<void> {
  const { queue } = call.deps;
  const keyed = draftsOf(slots, ({ keyed }) => keyed);
  if (keyed.length === 0) return;
  let ours: boolean[];
  try {
    ours = await queue.areOurs(keyed.map(({ draft }) => draft.checkpoint));
  } catch (error) {
    for (const { draft, at } of keyed) slots[at] = unconfirmed(call, error, draft.checkpoint);
    return;
  }
  const others = keyed.filter((_, nth) => !ours[nth]);
  await each(call, slots, others, async ({ draft }) => {
    const { checkpoint } = draft;
    try {
      const theirs = await findRender(call.deps, checkpoint.tenant, checkpoint.renderId);
      return { accepted: theirs ? recognised(theirs, checkpoint) : created(checkpoint) };
    } catch (error) {
      return unconfirmed(call, error, checkpoint);
    }
  });
}

function look(call: BulkCall, item: Item): Slot | Promise<Slot> {
  if ('problem' in item) return { problem: item.problem };
  if (call.away) return notReached(call.away);
  try {
    const draft = draftOf(call.deps, call.tenant, checkItem(item.value, item.index, call.key));
    if (!(draft instanceof Promise)) return { draft };
    return draft.then(
      (looked) => ({ draft: looked }),
      (error: unknown) => failed(call, error),
    );
  } catch (error) {
    return failed(call, error);
  }
}

/**
 * What has ended is in the store; what has not, the queue tells when it is added a second time. So a new key costs one
 * look each, and the queue is asked before only about what has ended: a failed one may have been redriven since.
 */
async function findEarlier(call: BulkCall, slots: Slot[], keyed: PlacedDraft[]): Promise<void> {
  const { queue, ledger } = call.deps;
  await each(call, slots, keyed, async ({ draft }) => {
    const { renderId } = draft.checkpoint;
    const receipt = await inLedger(ledger, renderId);
    if (!receipt) return { draft };
    const job = await queue.get(renderId);
    return { accepted: recognised(job ? standingIn(job) : receipt, draft.checkpoint) };
  });
}

/** @returns why nothing could be added. */
async function addAll(call: BulkCall, slots: Slot[]): Promise<unknown> {
  // The same key twice in one call: the first makes the render, the second finds it.
  const fresh = new Map<string, Checkpoint>();
  for (const slot of slots) {
    if (!('draft' in slot)) continue;
    const { checkpoint } = slot.draft;
    if (!fresh.has(checkpoint.renderId)) fresh.set(checkpoint.renderId, checkpoint);
  }
  if (fresh.size === 0) return undefined;
  if (call.away) return notReached(call.away).problem;
  try {
    await call.deps.queue.addBulk([...fresh.values()]);
    return undefined;
  } catch (error) {
    return error;
  }
}

interface PlacedDraft {
  draft: Draft;
  /** Among the slots. */
  at: number;
}

function draftsOf(slots: Slot[], which: (draft: Draft) => boolean): PlacedDraft[] {
  const found: PlacedDraft[] = [];
  for (const [at, slot] of slots.entries()) {
    if ('draft' in slot && which(slot.draft)) found.push({ draft: slot.draft, at });
  }
  return found;
}

/** Goes on with some of the drafts, several at a time, each for itself. */
async function each(
  call: BulkCall,
  slots: Slot[],
  drafts: PlacedDraft[],
  work: (one: PlacedDraft, nth: number) => Promise<Slot>,
): Promise<void> {
  const one = async (placed: PlacedDraft, nth: number) => {
    slots[placed.at] = call.away
      ? notReached(call.away)
      : await work(placed, nth).catch((error: unknown) => failed(call, error));
  };
  if (drafts.length > 0) await pMap(drafts, one, { concurrency: PARALLEL });
}

const unconfirmed = (call: BulkCall, error: unknown, { renderId }: Checkpoint) =>
  failed(call, isQueueAway(error) ? queueAway(error, renderId) : error);

function failed(call: BulkCall, error: unknown): { problem: ProblemError } {
  const problem = toProblem(error);
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
