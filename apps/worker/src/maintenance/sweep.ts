import { isStoreAway } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
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

const SWEEP_EVERY_MS = 60_000;
/** The newest failed renders. Earlier sweeps have read the older ones. */
const MAX_FAILED = 500;

/** Makes the sweep run once a minute, on any worker. */
export async function scheduleSweep(queues: Queues): Promise<void> {
  await queues.maintenance.upsertJobScheduler(
    'sweep',
    { every: SWEEP_EVERY_MS },
    { name: 'sweep', data: { version: DATA_VERSION, chore: 'sweep' } },
  );
}

export interface SweepDeps extends EndDeps {
  queues: Queues;
  clock: Pick<Clock, 'now'>;
  log: Logger;
  metrics: Metrics;
  signal: AbortSignal;
}

/**
 * Ends renders that failed without a burial: BullMQ fails a job for stalling without a run of ours. The sweep writes
 * receipt, webhooks and dead letter, as the bury step does. A dead letter that an operator removed is not written again.
 * A render that a newer Darkroom wrote is left alone.
 *
 * @returns how many renders it ended.
 */
export async function sweep(deps: SweepDeps): Promise<number> {
  const { queues, log, signal } = deps;
  let ended = 0;
  for (const job of await queues.render.getFailed(0, MAX_FAILED - 1)) {
    if (!job) continue;
    const { id: renderId, failedReason: reason } = job;
    try {
      if (await hasEndWritten(job, queues)) continue;
      const checkpoint = readCheckpoint(job.data);
      if (isBuried(job, checkpoint)) continue;
      await endFailedJob(job, checkpoint, deps);
    } catch (error) {
      if (signal.aborted || isEngineError(error)) throw error;
      if (isStoreAway(error)) {
        log.warn({ err: error.message }, 'store away: the next sweep goes on');
        return ended;
      }
      if (error instanceof NewerDataError) {
        log.warn({ renderId, err: error.message }, 'failed render skipped: newer data');
        continue;
      }
      // The job may have been written by hand. The sweep goes on with the others.
      log.error({ renderId, reason, err: error }, 'failed render skipped: unexpected error');
      continue;
    }
    log.warn({ renderId, reason }, 'missing dead letter written');
    ended += 1;
  }
  return ended;
}

/** Whether a dead letter is there, or an earlier sweep wrote this end. */
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
