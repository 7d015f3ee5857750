import type { Checkpoint } from '@darkroom/shared/render';
import pMap from 'p-map';
import { findRender, readFromReceipt, snapshotOfRenderJob } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueUnavailable, toProblem } from '../problems/index.ts';
import {
  type AcceptedRender,
  type Draft,
  draftRender,
  type IntakeDeps,
  store,
  toDuplicate,
  toNewRender,
} from './accept-render.ts';
import type { BulkItemInput } from './bulk-items.ts';
import { type CheckedRequest, checkRequest } from './request.ts';

export type ItemOutcome = { accepted: AcceptedRender } | { problem: ProblemError };
/** An item on its way: let in, refused, or ready for the queue. */
type Slot = ItemOutcome | { draft: Draft };

/** Calls to the store of one batch that are made side by side. */
const PARALLEL = 16;

export interface BulkCall {
  deps: IntakeDeps;
  tenant: string;
  key: string | undefined;
  /** Resolves when the batch before was sent to the queue. */
  turn: Promise<void>;
  /** Set once the queue or the store is away: what follows is not tried, each try would have to time out. */
  unavailable?: ProblemError;
}

/** Everything before the queue: requests checked, earlier renders of the same keys found, inputs stored. */
export async function prepareBatch(call: BulkCall, items: BulkItemInput[]): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (const item of items) {
    const slot = draftItem(call, item);
    slots.push(slot instanceof Promise ? await slot : slot);
  }
  const keyed = selectDrafts(slots, ({ keyed }) => keyed);
  if (keyed.length > 0) await findEarlierRenders(call, slots, keyed);
  const storing = selectDrafts(slots, ({ inputs }) => inputs.length > 0);
  await replaceSlots(call, slots, storing, async ({ draft }) => {
    await store(call.deps, draft);
    return { draft };
  });
  return slots;
}

/** Adds what is new, all or none, and finds out who made it. The call to the queue goes out before this one waits. */
export async function enqueueBatch(call: BulkCall, slots: Slot[]): Promise<ItemOutcome[]> {
  const refusal = await addAll(call, slots);
  if (refusal === undefined) await findFasterRenders(call, slots);
  return slots.map((slot) => {
    if (!('draft' in slot)) return slot;
    const { checkpoint } = slot.draft;
    return refusal === undefined
      ? { accepted: toNewRender(checkpoint) }
      : toUnconfirmed(call, refusal, checkpoint);
  });
}

/** Drafts whose key somebody else was faster with become what that one made. */
async function findFasterRenders(call: BulkCall, slots: Slot[]): Promise<void> {
  const { queue } = call.deps;
  const keyed = selectDrafts(slots, ({ keyed }) => keyed);
  if (keyed.length === 0) return;
  let ours: boolean[];
  try {
    ours = await queue.areOwn(keyed.map(({ draft }) => draft.checkpoint));
  } catch (error) {
    for (const { draft, at } of keyed) slots[at] = toUnconfirmed(call, error, draft.checkpoint);
    return;
  }
  const others = keyed.filter((_, nth) => !ours[nth]);
  await replaceSlots(call, slots, others, async ({ draft }) => {
    const { checkpoint } = draft;
    try {
      const theirs = await findRender(call.deps, checkpoint.tenant, checkpoint.renderId);
      return { accepted: theirs ? toDuplicate(theirs, checkpoint) : toNewRender(checkpoint) };
    } catch (error) {
      return toUnconfirmed(call, error, checkpoint);
    }
  });
}

function draftItem(call: BulkCall, item: BulkItemInput): Slot | Promise<Slot> {
  if ('problem' in item) return { problem: item.problem };
  if (call.unavailable) return toSkippedItem(call.unavailable);
  try {
    const draft = draftRender(call.deps, call.tenant, checkItem(item.value, item.index, call.key));
    if (!(draft instanceof Promise)) return { draft };
    return draft.then(
      (looked) => ({ draft: looked }),
      (error: unknown) => toFailedItem(call, error),
    );
  } catch (error) {
    return toFailedItem(call, error);
  }
}

/**
 * What has ended is in the store; what has not, the queue tells when it is added a second time. So a new key costs one
 * look each, and the queue is asked before only about what has ended: a failed one may have been redriven since.
 */
async function findEarlierRenders(call: BulkCall, slots: Slot[], keyed: PlacedDraft[]): Promise<void> {
  const { queue, ledger } = call.deps;
  await replaceSlots(call, slots, keyed, async ({ draft }) => {
    const { renderId } = draft.checkpoint;
    const receipt = await readFromReceipt(ledger, renderId);
    if (!receipt) return { draft };
    const job = await queue.get(renderId);
    return { accepted: toDuplicate(job ? snapshotOfRenderJob(job) : receipt, draft.checkpoint) };
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
  if (call.unavailable) return toSkippedItem(call.unavailable).problem;
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

function selectDrafts(slots: Slot[], which: (draft: Draft) => boolean): PlacedDraft[] {
  const found: PlacedDraft[] = [];
  for (const [at, slot] of slots.entries()) {
    if ('draft' in slot && which(slot.draft)) found.push({ draft: slot.draft, at });
  }
  return found;
}

/** Goes on with some of the drafts, several at a time, each for itself. */
async function replaceSlots(
  call: BulkCall,
  slots: Slot[],
  drafts: PlacedDraft[],
  work: (one: PlacedDraft, nth: number) => Promise<Slot>,
): Promise<void> {
  const one = async (placed: PlacedDraft, nth: number) => {
    slots[placed.at] = call.unavailable
      ? toSkippedItem(call.unavailable)
      : await work(placed, nth).catch((error: unknown) => toFailedItem(call, error));
  };
  if (drafts.length > 0) await pMap(drafts, one, { concurrency: PARALLEL });
}

const toUnconfirmed = (call: BulkCall, error: unknown, { renderId }: Checkpoint) =>
  toFailedItem(call, isQueueAway(error) ? queueUnavailable(error, renderId) : error);

function toFailedItem(call: BulkCall, error: unknown): { problem: ProblemError } {
  const problem = toProblem(error);
  if (problem.status === 503) call.unavailable ??= problem;
  return { problem };
}

const toSkippedItem = (away: ProblemError) => ({
  problem: new ProblemError(away.code, 'This item was not reached. Send it again.', { cause: away }),
});

/** A key of the item itself comes first. No key that a caller can send has a blank in it. */
function checkItem(value: unknown, index: number, key: string | undefined): CheckedRequest {
  const checked = checkRequest(value);
  if (checked.idempotencyKey !== undefined || key === undefined) return checked;
  return { ...checked, idempotencyKey: `${key} ${index}` };
}
