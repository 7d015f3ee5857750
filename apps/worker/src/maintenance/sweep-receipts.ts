import { isStoreAway, type ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  formatNote,
  NewerDataError,
  parseNote,
  type Receipt,
  readCheckpoint,
  receiptKey,
} from '@darkroom/shared/render';
import type { Job } from 'bullmq';
import { countPriorEnds, createReceipt } from '../render/index.ts';
import { type Infra, isEngineError } from '../stage/index.ts';

/** By the first two digits of the render ids. */
const PARTS = 256;
/** Lists of the store per sweep. */
const MAX_LISTS = 4;
/** A render that has just ended may still write. */
const RECENT_MS = 60_000;

/** The part of the ids with which the next sweep goes on. */
export interface ReceiptSweepMemory {
  part: number;
}

export const createReceiptSweepMemory = (): ReceiptSweepMemory => ({ part: 0 });

export interface SweepReceiptsDeps extends Pick<Infra, 'clock' | 'log' | 'ledger'> {
  store: Pick<ObjectStore, 'list'>;
  queues: Queues;
  memory: ReceiptSweepMemory;
  signal: AbortSignal;
}

/**
 * Writes receipts that are missing although their renders have ended in the queue: the store was restored from a backup, or
 * lost an object. It compares lists of ids, one part of all ids after the other, so there is no request per render. A
 * pass through all ids takes at most about an hour.
 *
 * @returns how many it wrote. A store that is away ends the sweep; the next one goes on.
 */
export async function sweepReceipts(deps: SweepReceiptsDeps): Promise<number> {
  const { queues, log, memory, signal } = deps;
  const [completed, failed] = await Promise.all([
    queues.render.getRanges(['completed'], 0, -1, true),
    queues.render.getRanges(['failed'], 0, -1, true),
  ]);
  const parts = new Map<string, string[]>();
  for (const id of [...completed, ...failed]) {
    const part = id.slice('rnd_'.length, 'rnd_'.length + 2);
    const ids = parts.get(part);
    if (ids) ids.push(id);
    else parts.set(part, [id]);
  }
  let written = 0;
  let lists = 0;
  try {
    for (let visited = 0; visited < PARTS && lists < MAX_LISTS; visited += 1) {
      signal.throwIfAborted();
      const part = memory.part.toString(16).padStart(2, '0');
      memory.part = (memory.part + 1) % PARTS;
      const ids = parts.get(part);
      if (!ids) continue;
      const { present, pages } = await listReceipts(deps, part);
      lists += pages;
      for (const id of ids) if (!present.has(receiptKey(id)) && (await writeMissing(id, deps))) written += 1;
    }
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: the next sweep of receipts goes on');
  }
  return written;
}

async function listReceipts({ store, signal }: SweepReceiptsDeps, part: string) {
  const present = new Set<string>();
  let pages = 0;
  for (let cursor: string | undefined; ; ) {
    const prefix = `renders/rnd_${part}`;
    const page = await store.list({ prefix, signal, ...(cursor === undefined ? {} : { cursor }) });
    for (const { key } of page.objects) present.add(key);
    pages += 1;
    cursor = page.cursor;
    if (cursor === undefined) return { present, pages };
  }
}

async function writeMissing(renderId: string, deps: SweepReceiptsDeps): Promise<boolean> {
  const { queues, ledger, clock, log, signal } = deps;
  try {
    const job = await queues.render.getJob(renderId);
    if (!job?.finishedOn || clock.now() - job.finishedOn < RECENT_MS) return false;
    const checkpoint = readCheckpoint(job.data);
    if (await ledger.readReceipt(renderId, signal)) return false;
    const { logs } = await queues.render.getJobLogs(renderId);
    const receipt = createMissingReceipt(job, checkpoint, logs);
    if (!receipt) return false;
    await ledger.writeDayIndex(checkpoint, signal);
    await ledger.writeReceipt(receipt, signal);
    await job.log(formatNote({ at: clock.now(), text: 'its receipt was missing, and was written again' }));
    log.warn({ renderId, status: receipt.status }, 'missing receipt written');
    return true;
  } catch (error) {
    if (signal.aborted || isStoreAway(error) || isEngineError(error)) throw error;
    if (!(error instanceof NewerDataError))
      log.error({ renderId, err: error }, 'missing receipt skipped: unexpected error');
    return false;
  }
}

/** Absent: the other sweep ends this render. */
function createMissingReceipt(
  { finishedOn: finishedAt = 0, attemptsMade, failedReason, returnvalue }: Job,
  checkpoint: Checkpoint,
  logs: string[],
): Receipt | undefined {
  const notes = logs.flatMap((line) => parseNote(line) ?? []);
  // BullMQ has counted this end already.
  const priorEnds = countPriorEnds(checkpoint, Math.max(0, attemptsMade - 1));
  const { at } = checkpoint;
  if (failedReason) {
    if (at.step !== 'bury') return undefined;
    return createReceipt(checkpoint, { failure: at.failure, notes, finishedAt }, priorEnds);
  }
  if (at.step === 'cancel') {
    const canceled = { requestedAt: at.requestedAt, from: at.from };
    return createReceipt(checkpoint, { canceled, notes, finishedAt }, priorEnds);
  }
  const image = returnvalue?.status === 'completed' ? returnvalue.image : undefined;
  return image ? createReceipt(checkpoint, { image, notes, finishedAt }, priorEnds) : undefined;
}
