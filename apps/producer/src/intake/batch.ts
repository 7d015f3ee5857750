import { type Checkpoint, type SerializedCheckpoint, serializeCheckpoint } from '@darkroom/shared/render';
import pMap from 'p-map';
import type { IntakeRecord, IntakeRun } from '../backends/index.ts';
import { findRender, readFromReceipt, snapshotOfRenderJob } from '../lookup/index.ts';
import { isQueueAway, ProblemError, queueUnavailable, stillRestoring, toProblem } from '../problems/index.ts';
import {
  type AcceptedRender,
  checkWebhook,
  type Draft,
  draftRender,
  findRun,
  type IntakeDeps,
  runClosed,
  staysInJournal,
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
  /** Rejects when the queue does not answer at the start of the call. */
  ping: Promise<void>;
  /** Resolves when the previous batch was sent to the queue. */
  turn: Promise<void>;
  /** Set once the queue or the store is away. Later items are skipped: each would wait for its own deadline. */
  unavailable?: ProblemError;
}

/** A batch that is ready for the queue. */
export interface PreparedBatch {
  slots: Slot[];
  /** The drafts to add, by render id. Of two drafts with the same key, the first. */
  fresh: ReadonlyMap<string, Draft>;
  /** The checkpoints of the drafts to add. */
  checkpoints: readonly SerializedCheckpoint[];
  record: IntakeRecord;
}

/** Everything before the queue: checks requests, finds earlier renders of their keys, stores inputs, writes the journal. */
export async function prepareBatch(call: BulkCall, items: BulkInput[]): Promise<PreparedBatch> {
  const slots: Slot[] = [];
  /** Each run is searched once. */
  const runs: KnownRuns = new Map();
  for (const item of items) {
    const slot = draftItem(call, item, runs);
    slots.push(slot instanceof Promise ? await slot : slot);
  }
  await replaceDrafts(call, slots, keyedDrafts(slots), ({ draft }) => findEarlierRender(call, draft));
  await rejectWhileRestoring(call, slots);
  await replaceDrafts(
    call,
    slots,
    selectDrafts(slots, ({ run }) => run?.closed !== undefined),
    ({ draft }) => rejectOfClosedRun(call, draft),
  );
  const withInputs = selectDrafts(slots, ({ inputs }) => inputs.length > 0);
  await replaceDrafts(call, slots, withInputs, async ({ draft }) => {
    await storeInputs(call.deps, draft);
    return { draft };
  });
  // A queue that does not answer costs no object of the journal.
  await call.ping;
  return await addToRuns(call, await recordDrafts(call, slots));
}

/** By label. Without a run, it is a plain label. */
type KnownRuns = Map<string, { run: IntakeRun | undefined }>;

/**
 * Adds all drafts of a batch to the queue, or none, and finds out which of them another call was faster with. Sends
 * the command to the queue before it waits for the first time.
 */
export async function enqueueBatch(call: BulkCall, prepared: PreparedBatch): Promise<ItemOutcome[]> {
  const { slots, record } = prepared;
  let error = await addDrafts(call, prepared);
  error ??= await catchError(call.deps.recorder.syncQueue());
  if (error === undefined) await replaceOvertakenDrafts(call, prepared);
  return slots.map((slot) => {
    if (!('draft' in slot)) return slot;
    const { checkpoint } = slot.draft;
    return error === undefined
      ? { accepted: toNewRender(checkpoint, record.durability) }
      : toUnconfirmed(call, error, checkpoint);
  });
}

function draftItem(call: BulkCall, item: BulkInput, runs: KnownRuns): Slot | Promise<Slot> {
  if ('problem' in item) return { problem: item.problem };
  if (call.unavailable) return toSkipped(call.unavailable);
  try {
    const checked = checkItem(call, item.value, item.index);
    const label = checked.request.run;
    const known = label === undefined ? { run: undefined } : runs.get(label);
    const draft = known
      ? draftRender(call.deps, call.tenant, checked, known.run)
      : draftAfterLookup(call, checked, runs);
    if (!(draft instanceof Promise)) return { draft };
    return draft.then(
      (drafted) => ({ draft: drafted }),
      (error: unknown) => toRejected(call, error),
    );
  } catch (error) {
    return toRejected(call, error);
  }
}

/** The first item with a label waits for the lookup of its run. */
async function draftAfterLookup(
  { deps, tenant }: BulkCall,
  checked: CheckedRequest,
  runs: KnownRuns,
): Promise<Draft> {
  const run = await findRun(deps, tenant, checked);
  if (checked.request.run !== undefined) runs.set(checked.request.run, { run });
  return await draftRender(deps, tenant, checked, run);
}

/** A render that the run took before it was closed is still found by its key, also while it runs. */
async function rejectOfClosedRun({ deps }: BulkCall, { checkpoint, keyed, run }: Draft): Promise<Slot> {
  const earlier = keyed ? await findRender(deps, checkpoint.tenant, checkpoint.renderId) : undefined;
  if (earlier) return { accepted: toDuplicate(earlier, checkpoint) };
  return { problem: runClosed(run as IntakeRun) };
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

/** While renders are restored, a key that is not found may belong to one that the queue lacks: with another request. */
async function rejectWhileRestoring(call: BulkCall, slots: Slot[]): Promise<void> {
  const keyed = keyedDrafts(slots);
  if (keyed.length === 0 || call.unavailable) return;
  const { queue, queueState } = call.deps;
  try {
    if (!(await queueState.isIncomplete())) return;
    const jobs = await queue.readData(keyed.map(({ draft }) => draft.checkpoint.renderId));
    for (const [nth, { at }] of keyed.entries()) {
      if (jobs[nth] === undefined) slots[at] = { problem: stillRestoring() };
    }
  } catch (error) {
    for (const { at } of keyed) slots[at] = toRejected(call, error);
  }
}

async function recordDrafts(call: BulkCall, slots: Slot[]): Promise<PreparedBatch> {
  const fresh = new Map<string, Draft>();
  for (const { draft } of selectDrafts(slots, () => true)) {
    const { renderId } = draft.checkpoint;
    if (!fresh.has(renderId)) fresh.set(renderId, draft);
  }
  try {
    const checkpoints = [...fresh.values()].map((draft) => serializeCheckpoint(draft.checkpoint));
    const record = await call.deps.recorder.record(checkpoints);
    return { slots, fresh, checkpoints, record };
  } catch (error) {
    const rejected = slots.map((slot) => ('draft' in slot ? toRejected(call, error) : slot));
    return { slots: rejected, fresh: new Map(), checkpoints: [], record: NOTHING_RECORDED };
  }
}

/** Adds the drafts of each run to it, before the queue has them: a worker that ends one finds it there. */
async function addToRuns(call: BulkCall, prepared: PreparedBatch): Promise<PreparedBatch> {
  const { slots, fresh, record } = prepared;
  const left = new Map(fresh);
  for (const { run, drafts } of groupByRun(fresh)) {
    const ids = drafts.map(({ checkpoint }) => checkpoint.renderId);
    try {
      const refused = new Set(await call.deps.runs.add(run, ids));
      for (const id of refused) left.delete(id);
      if (refused.size === 0) continue;
      await record.withdraw([...refused]);
      for (const { draft, at } of selectDrafts(slots, ({ checkpoint }) => refused.has(checkpoint.renderId)))
        slots[at] = { problem: runClosed(draft.run as IntakeRun) };
    } catch (error) {
      await record.withdraw(drafts.filter((draft) => !staysInJournal(draft, error)).map(readId));
      for (const id of ids) left.delete(id);
      for (const { draft, at } of selectDrafts(slots, ({ checkpoint }) => ids.includes(checkpoint.renderId)))
        slots[at] = toUnconfirmed(call, error, draft.checkpoint);
    }
  }
  if (left.size === fresh.size) return prepared;
  const checkpoints = prepared.checkpoints.filter(({ checkpoint }) => left.has(checkpoint.renderId));
  return { slots, fresh: left, checkpoints, record };
}

const readId = ({ checkpoint }: Draft) => checkpoint.renderId;

function groupByRun(fresh: ReadonlyMap<string, Draft>): { run: IntakeRun; drafts: Draft[] }[] {
  const groups = Map.groupBy([...fresh.values()], ({ run }) => run?.id);
  return [...groups.values()].flatMap((drafts) => {
    const [first] = drafts;
    return first?.run ? [{ run: first.run, drafts }] : [];
  });
}

/** Takes drafts out of their runs again that the queue did not accept. */
async function withdrawFromRuns(
  { deps }: BulkCall,
  fresh: ReadonlyMap<string, Draft>,
  renderIds: readonly string[],
): Promise<void> {
  if (renderIds.length === 0) return;
  const gone = new Map([...fresh].filter(([id]) => renderIds.includes(id)));
  for (const { run, drafts } of groupByRun(gone)) await deps.runs.withdraw(run, drafts.map(readId));
}

const NOTHING_RECORDED: IntakeRecord = { durability: 'queue', withdraw: async () => undefined };

/** @returns why nothing could be added. */
async function addDrafts(call: BulkCall, { fresh, checkpoints, record }: PreparedBatch): Promise<unknown> {
  if (fresh.size === 0) return undefined;
  const error = call.unavailable
    ? toSkipped(call.unavailable).problem
    : await catchError(call.deps.queue.addBulk(checkpoints));
  if (error === undefined) return undefined;
  const refused = [...fresh].filter(([, draft]) => !staysInJournal(draft, error));
  const refusedIds = refused.map(([renderId]) => renderId);
  await record.withdraw(refusedIds);
  await withdrawFromRuns(call, fresh, refusedIds);
  return error;
}

/** Drafts whose key another call used first become the render of that call. */
async function replaceOvertakenDrafts(
  call: BulkCall,
  { slots, fresh, record }: PreparedBatch,
): Promise<void> {
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
  const withdrawn: string[] = [];
  const foreign: string[] = [];
  await replaceDrafts(call, slots, overtaken, async ({ draft }) => {
    const { checkpoint } = draft;
    const { renderId } = checkpoint;
    try {
      const existing = await findRender(call.deps, checkpoint.tenant, renderId);
      if (!existing) return { accepted: toNewRender(checkpoint, record.durability) };
      // The second of two items with one key was never in the journal.
      if (fresh.get(renderId) === draft) withdrawn.push(renderId);
      if (existing.request.run !== draft.run?.id) foreign.push(renderId);
      return { accepted: toDuplicate(existing, checkpoint) };
    } catch (error) {
      return toUnconfirmed(call, error, checkpoint);
    }
  });
  await record.withdraw(withdrawn);
  await withdrawFromRuns(call, fresh, foreign);
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

/** @returns the error of `work`, or `undefined`. */
const catchError = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
