import {
  deleteEntry,
  type JournalEntry,
  listEntries,
  readEntry,
  readEntryTime,
} from '@darkroom/shared/journal';
import { isStoreAway } from '@darkroom/shared/object-store';
import { QUEUE, readQueueState, webhookId } from '@darkroom/shared/queues';
import type { Checkpoint } from '@darkroom/shared/render';
import { isEngineError } from '../stage/index.ts';
import { countWebhooks } from '../webhooks/index.ts';
import { type RestoreDeps, restoreGroup } from './restore-group.ts';
import { createReport } from './restore-queue.ts';

/**
 * By the key of an entry: the first of its renders that had not ended, and its index. A later sweep goes on there, and
 * reads the entry only if this render has ended.
 */
type PendingRenders = Map<string, { renderId: string; index: number }>;

/** What the sweeps of one worker remember. */
export interface JournalSweepMemory {
  /** From the last pass through the whole journal. */
  pending: PendingRenders;
  /** From this pass. It replaces `pending`, which forgets the entries that other workers have deleted. */
  nextPending: PendingRenders;
  /** The last entry of the last sweep. The next sweep goes on after it. Absent: from the start. */
  after: string | undefined;
}

export const createJournalSweepMemory = (): JournalSweepMemory => ({
  pending: new Map(),
  nextPending: new Map(),
  after: undefined,
});

export interface JournalSweepOptions {
  signal: AbortSignal;
  /** Entries that one sweep reads. Later sweeps read the others. @default 2000 */
  maxEntries?: number;
}

/** Entries that are read at the same time. Each is held in memory. */
const PARALLEL = 8;

/**
 * An intake adds a render to the queue within seconds after it has written the entry. After this time, a render that is
 * neither in the queue nor ended is lost.
 */
const LOST_AFTER_MS = 10 * 60_000;

/**
 * Deletes the entries of the journal whose renders have all ended, and whose webhooks were acknowledged or have become
 * dead letters. A render that neither runs nor has ended is added again: its producer died in between.
 *
 * @returns how many entries it deleted.
 * @throws the errors of the engine. A store that is away ends the sweep; the next one goes on.
 */
export async function sweepJournal(
  deps: RestoreDeps,
  memory: JournalSweepMemory,
  { signal, maxEntries = 2_000 }: JournalSweepOptions,
): Promise<number> {
  const { store, log, engine, queues } = deps;
  let deleted = 0;
  let read = 0;
  try {
    for await (const part of listEntries(store, { after: memory.after, maxEntries: PARALLEL, signal })) {
      if (read >= maxEntries || (await readQueueState(engine, queues)) !== 'complete') return deleted;
      const gone = await Promise.all(part.map(({ key }) => sweepEntry(key, deps, memory, signal)));
      deleted += gone.filter(Boolean).length;
      read += part.length;
      memory.after = part.at(-1)?.key;
    }
    memory.after = undefined;
    memory.pending = memory.nextPending;
    memory.nextPending = new Map();
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: the next sweep of the journal goes on');
  }
  return deleted;
}

/** @returns whether the entry was deleted. */
async function sweepEntry(
  key: string,
  deps: RestoreDeps,
  memory: JournalSweepMemory,
  signal: AbortSignal,
): Promise<boolean> {
  const { store, log, engine, queues } = deps;
  try {
    const known = memory.pending.get(key);
    if (known && !(await hasEnded(known.renderId, deps, signal)) && !(await isLost(key, known, deps))) {
      memory.nextPending.set(key, known);
      return false;
    }
    const entry = await readEntry(store, key, { signal });
    const index = entry ? await findPending(entry, known?.index ?? 0, deps, signal) : undefined;
    const pending = index === undefined ? undefined : entry?.checkpoints[index];
    if (!entry || index === undefined || !pending) {
      // The queue must know of every webhook that is due. After a loss, it does not.
      if (!entry || (await readQueueState(engine, queues)) !== 'complete') return false;
      await deleteEntry(store, key, { signal });
      return true;
    }
    const { renderId } = pending;
    memory.nextPending.set(key, { renderId, index });
    if (await isLost(key, pending, deps)) await addLostRenders(entry, deps, signal);
  } catch (error) {
    if (signal.aborted || isStoreAway(error) || isEngineError(error)) throw error;
    log.error({ key, err: error }, 'journal entry skipped: unexpected error');
  }
  return false;
}

/** The index of the first render that has not ended, or whose webhook is under way. @param from those before have ended */
async function findPending(
  { checkpoints }: JournalEntry,
  from: number,
  deps: RestoreDeps,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (const [index, { renderId }] of checkpoints.entries()) {
    if (index >= from && !(await hasEnded(renderId, deps, signal))) return index;
  }
  return undefined;
}

async function hasEnded(
  renderId: string,
  { ledger, queues, settings }: RestoreDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const receipt = await ledger.readReceipt(renderId, signal);
  if (!receipt) return false;
  const { status, priorEnds = 0 } = receipt;
  for (let index = 0; index < countWebhooks(settings, receipt); index += 1) {
    const job = await queues.webhook.getJob(webhookId(renderId, status, priorEnds, index));
    if (job && !job.finishedOn) return false;
  }
  return true;
}

/** Whether a render that has not ended is absent from the queue, long after its intake. */
async function isLost(
  key: string,
  { renderId }: Pick<Checkpoint, 'renderId'>,
  { clock, engine, ledger }: RestoreDeps,
): Promise<boolean> {
  if ((readEntryTime(key) ?? 0) >= clock.now() - LOST_AFTER_MS) return false;
  const existing = await engine.findExistingJobs(QUEUE.render, [renderId]);
  // With a receipt it has ended: only its webhook is under way.
  return !existing.has(renderId) && (await ledger.readReceipt(renderId)) === undefined;
}

async function addLostRenders(
  { key, checkpoints }: JournalEntry,
  deps: RestoreDeps,
  signal: AbortSignal,
): Promise<void> {
  const report = createReport();
  const candidates = checkpoints.map((first) => ({ renderId: first.renderId, first }));
  await restoreGroup(candidates, deps, { report, apply: true, signal });
  deps.log.warn({ key, ...report }, 'renders added that were in the journal and not in the queue');
}
