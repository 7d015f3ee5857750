import type { Engine, JobTime } from '@darkroom/shared/engine';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { Queues, Repair, SweepReport } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  type Failure,
  formatNote,
  NewerDataError,
  type Note,
  parseNote,
  readCheckpoint,
} from '@darkroom/shared/render';
import type { Clock, Logger } from '@darkroom/shared/runtime';
import type { Job } from 'bullmq';
import { countPriorEnds, type EndDeps, endDeadRender, leaveTask } from '../render/index.ts';
import { describeFailure, isEngineError, type Metrics } from '../stage/index.ts';
import { listOpenFailures, type SweepMemory } from './open-failures.ts';

const SWEEP_EVERY_MS = 60_000;

/** Makes the sweep run once a minute, on any worker. */
export async function scheduleSweep(queues: Queues): Promise<void> {
  await queues.maintenance.upsertJobScheduler(
    'sweep',
    { every: SWEEP_EVERY_MS },
    { name: 'sweep', data: { version: DATA_VERSION, chore: 'sweep' } },
  );
}

/** Counts what a sweep has repaired. @returns the return value of its job */
export function reportRepairs(
  repairs: Record<Repair, number>,
  { metrics }: { metrics: Metrics },
): SweepReport {
  const made = Object.entries(repairs).filter(([, count]) => count > 0);
  for (const [repair, count] of made) metrics.repairs.inc({ repair }, count);
  return { repairs: Object.fromEntries(made) };
}

/** Renders that are ended at the same time. Each needs several calls to the store, one after another. */
const PARALLEL = 8;
/** A sweep ends after this time, so that the other chores run. The next sweep goes on. */
const MAX_SWEEP_MS = 20_000;

export interface SweepDeps extends EndDeps {
  engine: Pick<Engine, 'readJobTimes' | 'findExistingJobs'>;
  queues: Queues;
  clock: Pick<Clock, 'now'>;
  log: Logger;
  metrics: Metrics;
  memory: SweepMemory;
  signal: AbortSignal;
}

/**
 * Ends renders that failed without a burial: BullMQ fails a job for stalling without a run of ours. The sweep writes
 * receipt, webhooks and dead letter, as the bury step does, for all of them, the oldest first. A dead letter that an
 * operator removed is not written again. A render that a newer Darkroom wrote is left alone.
 *
 * @returns how many renders it ended.
 */
export async function sweep(deps: SweepDeps): Promise<number> {
  const { log, clock, memory, signal } = deps;
  const startedAt = clock.now();
  const open = await listOpenFailures(deps, memory, signal);
  let ended = 0;
  for (let at = 0; at < open.length; at += PARALLEL) {
    signal.throwIfAborted();
    if (clock.now() - startedAt >= MAX_SWEEP_MS) {
      log.warn({ left: open.length - at }, 'failed renders without a dead letter: the next sweep goes on');
      break;
    }
    // All of them have finished before the sweep goes on or throws.
    const finished = await Promise.allSettled(
      open.slice(at, at + PARALLEL).map((one) => endFailedRender(one, deps)),
    );
    const results = finished.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
    ended += results.filter((result) => result === 'ended').length;
    if (results.includes('store-away')) break;
  }
  return ended;
}

/** Throws the errors of the engine, and any error after an abort. */
async function endFailedRender(
  { id: renderId, at }: JobTime,
  deps: SweepDeps,
): Promise<'ended' | 'not-needed' | 'skipped' | 'store-away'> {
  const { queues, log, memory, signal } = deps;
  let reason: string | undefined;
  try {
    const job = await queues.render.getJob(renderId);
    // It was redriven or removed since the sweep listed it.
    if (!job?.failedReason || job.finishedOn !== at) return 'not-needed';
    reason = job.failedReason;
    const checkpoint = readCheckpoint(job.data);
    const isEndWritten = isBuried(job, checkpoint) || (await hasEndWritten(job, queues));
    if (!isEndWritten) {
      await endFailedJob(job, checkpoint, deps);
      log.warn({ renderId, reason }, 'missing dead letter written');
    }
    memory.written.set(renderId, at);
    return isEndWritten ? 'not-needed' : 'ended';
  } catch (error) {
    if (signal.aborted || isEngineError(error)) throw error;
    if (isStoreAway(error)) {
      log.warn({ renderId, err: error.message }, 'store away: the next sweep goes on');
      return 'store-away';
    }
    // The job may have been written by hand. Each sweep tries it again, after the others.
    if (memory.skipped.get(renderId) !== at) {
      memory.skipped.set(renderId, at);
      if (error instanceof NewerDataError) {
        log.warn({ renderId, err: error.message }, 'failed render skipped: newer data');
      } else {
        log.error({ renderId, reason, err: error }, 'failed render skipped: unexpected error');
      }
    }
    return 'skipped';
  }
}

/** Whether another sweep wrote this end: now, or before an operator removed the dead letter. */
async function hasEndWritten(job: Job<Checkpoint>, queues: Queues): Promise<boolean> {
  if (await queues.deadLetter.getJob(job.id as string)) return true;
  return (await readNotes(job, queues)).some(({ text }) => text === createSweptNote(job));
}

/** Whether the bury step failed the job. It does so after it has written the dead letter. */
const isBuried = (job: Job<Checkpoint>, { at }: Checkpoint): boolean =>
  at.step === 'bury' && job.failedReason === describeFailure(at.failure);

/** The sweep notes each end that it has written: after a redrive the render may end again. */
const createSweptNote = ({ attemptsMade }: Job) => `its dead letter was written (end ${attemptsMade})`;

async function endFailedJob(job: Job<Checkpoint>, found: Checkpoint, deps: SweepDeps): Promise<void> {
  const { queues, ledger, clock, signal } = deps;
  const note = async (text: string) => {
    const written = { at: clock.now(), text };
    await job.log(formatNote(written));
    return written;
  };
  const checkpoint = leaveTask(found);
  // The API reads the cost from the job. No run of ours writes the job any more.
  if (checkpoint !== found) await job.updateData(checkpoint);
  const failure = findFailure(checkpoint, job.failedReason, job.finishedOn ?? clock.now());
  await ledger.writeDayIndex(checkpoint, signal);
  await endDeadRender(
    {
      checkpoint,
      failure,
      finishedAt: failure.at,
      // BullMQ has counted this end already.
      priorEnds: countPriorEnds(checkpoint, Math.max(0, job.attemptsMade - 1)),
      job: { note, notes: () => readNotes(job, queues), signal },
    },
    deps,
  );
  await note(createSweptNote(job));
}

async function readNotes(job: Job<Checkpoint>, queues: Queues): Promise<Note[]> {
  const { logs } = await queues.render.getJobLogs(job.id as string);
  return logs.flatMap((line) => parseNote(line) ?? []);
}

function findFailure({ at }: Checkpoint, reason: string, now: number): Failure {
  if (at.step === 'bury') return at.failure;
  const step = at.step === 'cancel' ? at.from : at.step;
  const message = reason || 'BullMQ failed the job without a reason';
  return { code: 'worker_lost', message, step, at: now, chain: [] };
}
