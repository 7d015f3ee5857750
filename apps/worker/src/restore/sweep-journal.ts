import {
  deleteEntry,
  type JournalEntry,
  listEntries,
  readEntry,
  readEntryTime,
} from '@darkroom/shared/journal';
import { isStoreAway } from '@darkroom/shared/object-store';
import { QUEUE, readQueueState, webhookId } from '@darkroom/shared/queues';
import type { Checkpoint, Step } from '@darkroom/shared/render';
import { isEngineError } from '../stage/index.ts';
import { countWebhooks } from '../webhooks/index.ts';
import { type RestoreDeps, restoreGroup } from './restore-group.ts';
import { createReport } from './restore-queue.ts';

/**
 * An entry whose renders have not all ended: the first of them, and its index. A later sweep goes on there. It reads the
 * entry only if this render has ended, or to search all of its renders for lost ones.
 */
interface PendingEntry {
  renderId: string;
  index: number;
  /** When (Unix ms) all renders of the entry were searched for last. */
  searchedAt: number;
  /** Renders that have ended and left the queue. */
  ended: Set<string>;
}

/** By the key of the entry. */
type PendingEntries = Map<string, PendingEntry>;

/** What the sweeps of one worker remember. */
export interface JournalSweepMemory {
  /** From the last pass through the whole journal. */
  pending: PendingEntries;
  /** From this pass. It replaces `pending`, which forgets the entries that other workers have deleted. */
  nextPending: PendingEntries;
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
 * How often all renders of an entry are searched for. In between, a sweep asks only the queue, and only for one render per
 * entry, so that the store gets no request per render and minute.
 */
const SEARCH_EVERY_MS = 10 * 60_000;

/** What a sweep of the journal did: entries that it deleted, lost renders that it added to the queue. */
export interface JournalSweep {
  deleted: number;
  added: number;
}

/**
 * Deletes the entries of the journal whose renders have all ended, and whose webhooks were acknowledged or have become
 * dead letters. A render that neither runs nor has ended is added again: its producer died in between.
 *
 * @throws the errors of the engine. A store that is away ends the sweep; the next one goes on.
 */
export async function sweepJournal(
  deps: RestoreDeps,
  memory: JournalSweepMemory,
  { signal, maxEntries = 2_000 }: JournalSweepOptions,
): Promise<JournalSweep> {
  const { store, log, engine, queues } = deps;
  const swept: JournalSweep = { deleted: 0, added: 0 };
  let read = 0;
  try {
    for await (const part of listEntries(store, { after: memory.after, maxEntries: PARALLEL, signal })) {
      if (read >= maxEntries || (await readQueueState(engine, queues)) !== 'complete') return swept;
      const results = await Promise.all(part.map(({ key }) => sweepEntry(key, deps, memory, signal)));
      for (const result of results) {
        swept.deleted += result.deleted;
        swept.added += result.added;
      }
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
  return swept;
}

const NOTHING: JournalSweep = { deleted: 0, added: 0 };

async function sweepEntry(
  key: string,
  deps: RestoreDeps,
  memory: JournalSweepMemory,
  signal: AbortSignal,
): Promise<JournalSweep> {
  const { store, log, engine, queues, clock } = deps;
  try {
    const known = memory.pending.get(key);
    const isDue = !known || Math.abs(clock.now() - known.searchedAt) > SEARCH_EVERY_MS;
    if (
      !isDue &&
      ((await isRunning(known.renderId, deps)) || !(await hasEnded(known.renderId, deps, signal)))
    ) {
      memory.nextPending.set(key, known);
      return NOTHING;
    }
    const entry = await readEntry(store, key, { signal });
    const index = entry ? await findPending(entry, known?.index ?? 0, deps, signal) : undefined;
    const pending = index === undefined ? undefined : entry?.checkpoints[index];
    if (!entry || index === undefined || !pending) {
      // The queue must know of every webhook that is due. After a loss, it does not.
      if (!entry || (await readQueueState(engine, queues)) !== 'complete') return NOTHING;
      await deleteEntry(store, key, { signal });
      return { deleted: 1, added: 0 };
    }
    const ended = known?.ended ?? new Set<string>();
    const now = clock.now();
    const acceptedAt = readEntryTime(key) ?? 0;
    const isOld = acceptedAt < now - LOST_AFTER_MS;
    const searchedAt = isOld ? now : acceptedAt;
    memory.nextPending.set(key, { renderId: pending.renderId, index, searchedAt, ended });
    if (!isOld) return NOTHING;
    const isLost = await hasLostRenders(entry.checkpoints.slice(index), ended, deps, signal);
    if (isLost) return { deleted: 0, added: await addLostRenders(entry, deps, signal) };
  } catch (error) {
    if (signal.aborted || isStoreAway(error) || isEngineError(error)) throw error;
    log.error({ key, err: error }, 'journal entry skipped: unexpected error');
  }
  return NOTHING;
}

/** Steps at which a render may have written its end. */
const LAST_STEPS: readonly Step['step'][] = ['finish', 'bury', 'cancel'];

/** Whether the queue shows that a render has not ended. It may have ended all the same, when BullMQ failed its job. */
async function isRunning(renderId: string, { engine }: RestoreDeps): Promise<boolean> {
  const [text] = await engine.readJobTexts(QUEUE.render, [renderId]);
  if (text === undefined) return false;
  const { at } = JSON.parse(text) as Partial<Checkpoint>;
  return at !== undefined && !LAST_STEPS.includes(at.step);
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

/**
 * Whether one of these renders is neither in the queue nor has ended.
 *
 * @param ended renders that are known to have ended; those that are found are added
 */
async function hasLostRenders(
  renders: readonly Pick<Checkpoint, 'renderId'>[],
  ended: Set<string>,
  { engine, ledger }: RestoreDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const ids = renders.map(({ renderId }) => renderId).filter((id) => !ended.has(id));
  const existing = await engine.findExistingJobs(QUEUE.render, ids);
  for (const id of ids) {
    if (existing.has(id)) continue;
    if (!(await ledger.readReceipt(id, signal))) return true;
    ended.add(id);
  }
  return false;
}

/** @returns how many renders it added. */
async function addLostRenders(
  { key, checkpoints }: JournalEntry,
  deps: RestoreDeps,
  signal: AbortSignal,
): Promise<number> {
  const report = createReport();
  const candidates = checkpoints.map((first) => ({ renderId: first.renderId, first }));
  await restoreGroup(candidates, deps, { report, apply: true, signal });
  deps.log.warn({ key, ...report }, 'renders added that were in the journal and not in the queue');
  return Object.values(report.added).reduce((sum, count) => sum + count, 0);
}
