import type { Checkpoint } from '@darkroom/shared/render';
import pMap from 'p-map';
import { findRender, readFromReceipt, snapshotOfRenderJob } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueUnavailable, toProblem } from '../problems/index.ts';
import {
  type AcceptedRender,
  checkWebhook,
  type Draft,
  draftRender,
  type IntakeDeps,
  storeInputs,
  toDuplicate,
  toNewRender,
} from './accept-render.ts';
import type { BulkInput } from './bulk-items.ts';
import { type CheckedRequest, checkRequest } from './request.ts';

export type ItemOutcome = { accepted: AcceptedRender } | { problem: ProblemError };
/** One item of a batch: accepted, rejected, or ready for the queue. */
type Slot = ItemOutcome | { draft: Draft };

/** How many calls to the store one batch makes in parallel. */
const PARALLEL = 16;

export interface BulkCall {
  deps: IntakeDeps;
  tenant: string;
  key: string | undefined;
  /** Resolves when the previous batch was sent to the queue. */
  turn: Promise<void>;
  /** Set once the queue or the store is away. Later items are skipped: each would wait for its own deadline. */
  unavailable?: ProblemError;
}

/** Everything before the queue: checks requests, finds earlier renders of their keys, stores inputs. */
export async function prepareBatch(call: BulkCall, items: BulkInput[]): Promise<Slot[]> {
  const slots: Slot[] = [];
  for (const item of items) {
    const slot = draftItem(call, item);
    slots.push(slot instanceof Promise ? await slot : slot);
  }
  await replaceDrafts(call, slots, keyedDrafts(slots), ({ draft }) => findEarlierRender(call, draft));
  const withInputs = selectDrafts(slots, ({ inputs }) => inputs.length > 0);
  await replaceDrafts(call, slots, withInputs, async ({ draft }) => {
    await storeInputs(call.deps, draft);
    return { draft };
  });
  return slots;
}

/**
 * Adds all drafts of a batch to the queue, or none, and finds out which of them another call was faster with. Sends
 * the command to the queue before it waits for the first time.
 */
export async function enqueueBatch(call: BulkCall, slots: Slot[]): Promise<ItemOutcome[]> {
  const error = await addDrafts(call, slots);
  if (error === undefined) await replaceOvertakenDrafts(call, slots);
  return slots.map((slot) => {
    if (!('draft' in slot)) return slot;
    const { checkpoint } = slot.draft;
    return error === undefined
      ? { accepted: toNewRender(checkpoint) }
      : toUnconfirmed(call, error, checkpoint);
  });
}

function draftItem(call: BulkCall, item: BulkInput): Slot | Promise<Slot> {
  if ('problem' in item) return { problem: item.problem };
  if (call.unavailable) return toSkipped(call.unavailable);
  try {
    const draft = draftRender(call.deps, call.tenant, checkItem(call, item.value, item.index));
    if (!(draft instanceof Promise)) return { draft };
    return draft.then(
      (drafted) => ({ draft: drafted }),
      (error: unknown) => toRejected(call, error),
    );
  } catch (error) {
    return toRejected(call, error);
  }
}

/** An item's own key wins. Callers' keys contain no line break, so a derived key never equals one of them. */
function checkItem({ deps, tenant, key }: BulkCall, value: unknown, index: number): CheckedRequest {
  const checked = checkRequest(value, { checkWebhook: (url) => checkWebhook(deps, tenant, url) });
  if (checked.idempotencyKey !== undefined || key === undefined) return checked;
  return { ...checked, idempotencyKey: `${key}\n${index}` };
}

/**
 * A render that has ended has a receipt. A render that has not ended is found when its id is added again. So a new key
 * costs one read of the store. The queue is asked only about renders with a receipt, because a failed render may have
 * been redriven since.
 */
async function findEarlierRender({ deps }: BulkCall, draft: Draft): Promise<Slot> {
  const { renderId } = draft.checkpoint;
  const receipt = await readFromReceipt(deps.ledger, renderId);
  if (!receipt) return { draft };
  const job = await deps.queue.get(renderId);
  return { accepted: toDuplicate(job ? snapshotOfRenderJob(job) : receipt, draft.checkpoint) };
}

/** @returns why nothing could be added. */
async function addDrafts(call: BulkCall, slots: Slot[]): Promise<unknown> {
  // The same key twice in one call: the first item makes the render, the second finds it.
  const fresh = new Map<string, Checkpoint>();
  for (const slot of slots) {
    if (!('draft' in slot)) continue;
    const { checkpoint } = slot.draft;
    if (!fresh.has(checkpoint.renderId)) fresh.set(checkpoint.renderId, checkpoint);
  }
  if (fresh.size === 0) return undefined;
  if (call.unavailable) return toSkipped(call.unavailable).problem;
  try {
    await call.deps.queue.addBulk([...fresh.values()]);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Drafts whose key another call used first become the render of that call. */
async function replaceOvertakenDrafts(call: BulkCall, slots: Slot[]): Promise<void> {
  const keyed = keyedDrafts(slots);
  if (keyed.length === 0) return;
  let own: boolean[];
  try {
    own = await call.deps.queue.areOwn(keyed.map(({ draft }) => draft.checkpoint));
  } catch (error) {
    for (const { draft, at } of keyed) slots[at] = toUnconfirmed(call, error, draft.checkpoint);
    return;
  }
  const overtaken = keyed.filter((_, nth) => !own[nth]);
  await replaceDrafts(call, slots, overtaken, async ({ draft: { checkpoint } }) => {
    try {
      const existing = await findRender(call.deps, checkpoint.tenant, checkpoint.renderId);
      return { accepted: existing ? toDuplicate(existing, checkpoint) : toNewRender(checkpoint) };
    } catch (error) {
      return toUnconfirmed(call, error, checkpoint);
    }
  });
}

interface PlacedDraft {
  draft: Draft;
  /** Its index in the slots. */
  at: number;
}

const keyedDrafts = (slots: Slot[]) => selectDrafts(slots, ({ keyed }) => keyed);

function selectDrafts(slots: Slot[], matches: (draft: Draft) => boolean): PlacedDraft[] {
  const found: PlacedDraft[] = [];
  for (const [at, slot] of slots.entries()) {
    if ('draft' in slot && matches(slot.draft)) found.push({ draft: slot.draft, at });
  }
  return found;
}

/** Replaces each of the drafts by what `work` makes of it, several in parallel. One error rejects one item. */
async function replaceDrafts(
  call: BulkCall,
  slots: Slot[],
  drafts: PlacedDraft[],
  work: (placed: PlacedDraft) => Promise<Slot>,
): Promise<void> {
  const replace = async (placed: PlacedDraft) => {
    slots[placed.at] = call.unavailable
      ? toSkipped(call.unavailable)
      : await work(placed).catch((error: unknown) => toRejected(call, error));
  };
  if (drafts.length > 0) await pMap(drafts, replace, { concurrency: PARALLEL });
}

const toUnconfirmed = (call: BulkCall, error: unknown, { renderId }: Checkpoint) =>
  toRejected(call, isQueueAway(error) ? queueUnavailable(error, renderId) : error);

function toRejected(call: BulkCall, error: unknown): { problem: ProblemError } {
  const problem = toProblem(error);
  if (problem.status === 503) call.unavailable ??= problem;
  return { problem };
}

const toSkipped = (unavailable: ProblemError) => ({
  problem: new ProblemError(unavailable.code, 'This item was not processed. Send it again.', {
    cause: unavailable,
  }),
});
