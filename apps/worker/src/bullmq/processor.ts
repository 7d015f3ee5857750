import type { Processor } from '@darkroom/shared/engine';
import {
  type Failure,
  formatNote,
  NewerDataError,
  type Note,
  type PersistedKind,
  parseNote,
  upgradePersisted,
} from '@darkroom/shared/render';
import type { Logger } from '@darkroom/shared/runtime';
import { DelayedError, type Job, RateLimitError, UnrecoverableError, WaitingChildrenError } from 'bullmq';
import {
  type ChildCall,
  describeFailure,
  isEngineError,
  mustHandBack,
  type StageFailure,
  type StageJob,
  type StageOutcome,
} from '../stage/index.ts';

/** The job makes another attempt after `afterMs`; see {@link decidedBackoff}. */
class RetryError extends Error {
  readonly afterMs: number;
  constructor(reason: string, afterMs: number) {
    super(reason);
    this.name = 'RetryError';
    this.afterMs = afterMs;
  }
}

/** BullMQ's backoff: the stage has already decided how long the job waits. */
export const decidedBackoff = (_attempts: number, _type?: string, error?: Error) =>
  error instanceof RetryError ? error.afterMs : 1000;

/** Jobs that retry name this backoff, so that BullMQ calls {@link decidedBackoff}. */
export const DECIDED = { type: 'decided' } as const;

/** How a stage is run for the jobs of its queue. */
export interface StageHost<D, R, F extends StageFailure = Failure> {
  log: Logger;
  now(): number;
  /** The shape of the queue's job data: the stage gets the data in the present version. */
  dataKind: PersistedKind;
  stage(job: StageJob<D>): Promise<StageOutcome<R, D, F>>;
  /** Adds a child under this parent. */
  addChild?(call: ChildCall, parent: { id: string; queue: string }): Promise<void>;
  /** The priority with which a job waits again. Without one, the job keeps the one that it ran with. */
  computePriority?(data: D): number | undefined;
  /** Makes all workers of the queue wait. */
  rateLimit?(ms: number): Promise<void>;
  /** The failure of a job whose stage threw an unexpected error. */
  createBugFailure(error: unknown): F;
  /** The data with the failure in it, for the parent to read. */
  withFailure?(data: D, failure: F): D;
  /** The job's progress in percent. */
  computeProgress?(data: D): number | undefined;
  /** The lines of a job's log. A stage that reads its notes needs it. */
  readLog?(jobId: string): Promise<string[]>;
}

/** A job that is handed back runs again after this time, on any worker. */
const PAUSE_MS = {
  stopped: 100,
  /** An engine in trouble needs a rest. */
  engineError: 2_000,
  /** During a rolling update a worker of the newer version takes the job. */
  newerData: 30_000,
};

/**
 * Runs a stage as a BullMQ processor. Two rules of BullMQ shape it: `updateData` comes before a move, because a move
 * gives up the lock; and after a move its error is thrown at once.
 */
export function createProcessor<D, R, F extends StageFailure = Failure>(
  host: StageHost<D, R, F>,
): Processor<D, R> {
  return async (job, token, signal) => {
    for (;;) {
      const outcome = await runStage(host, job, token, signal);
      if (outcome.kind === 'done') return outcome.value;
      const error = await moveJob(host, job, token, outcome);
      if (error) throw error;
    }
  };
}

/**
 * Makes the move that an outcome stands for.
 *
 * @returns the error by which BullMQ learns about the move, or `undefined` if the stage can go on at once.
 */
async function moveJob<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  outcome: Exclude<StageOutcome<R, D, F>, { kind: 'done' }>,
): Promise<Error | undefined> {
  try {
    switch (outcome.kind) {
      case 'wait':
        if (outcome.data !== job.data) await saveData(host, job, outcome.data);
        await resetPriority(host, job);
        await job.moveToDelayed(host.now() + outcome.afterMs, token);
        return new DelayedError();
      case 'wait-all':
        await host.rateLimit?.(outcome.afterMs);
        return new RateLimitError();
      case 'retry':
        await resetPriority(host, job);
        return new RetryError(outcome.reason, outcome.afterMs);
      case 'dead':
        if (host.withFailure) await job.updateData(host.withFailure(readData(host, job), outcome.failure));
        return createFatalError(outcome.failure);
      case 'child':
        // To add a failed child again would mark it pending permanently.
        if (outcome.absent) {
          await host.addChild?.(outcome.child, { id: job.id as string, queue: job.queueQualifiedName });
        }
        // False if the child has ended in the meantime: the stage goes on from the child's result.
        return (await job.moveToWaitingChildren(token)) ? new WaitingChildrenError() : undefined;
    }
  } catch (error) {
    if (!isEngineError(error)) throw error;
    return handBack(host, job, token, error.message, PAUSE_MS.engineError);
  }
}

async function resetPriority<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
): Promise<void> {
  const priority = host.computePriority?.(readData(host, job));
  // `job.priority` is as it was when the job began. Another worker can have moved it to the front since.
  if (priority !== undefined) await job.changePriority({ priority });
}

/** The dashboard shows this stack. A stack of this file would not help, the failure's own causes do. */
function createFatalError(failure: StageFailure): UnrecoverableError {
  const error = new UnrecoverableError(describeFailure(failure));
  error.stack = [error.message, ...failure.chain].join('\n');
  return error;
}

async function runStage<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  signal: AbortSignal,
): Promise<StageOutcome<R, D, F>> {
  try {
    return await host.stage(createStageJob(host, job, signal));
  } catch (error) {
    if (signal.aborted) throw await handBack(host, job, token, 'the worker lets go of it', PAUSE_MS.stopped);
    if (error instanceof NewerDataError) {
      host.log.warn({ jobId: job.id, err: error.message }, 'job waits: newer data');
      throw await handBack(host, job, token, error.message, PAUSE_MS.newerData);
    }
    // An error of our own engine is no fault of the job. If the job cannot be handed back either, its lock runs out and
    // another worker goes on.
    if (mustHandBack(error)) throw await handBack(host, job, token, error.message, PAUSE_MS.engineError);
    host.log.error({ jobId: job.id, err: error }, 'job failed: unexpected error');
    return { kind: 'dead', failure: host.createBugFailure(error) };
  }
}

async function handBack<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  reason: string,
  pauseMs: number,
): Promise<DelayedError> {
  host.log.info({ jobId: job.id, reason, pauseMs }, 'job handed back');
  await job.moveToDelayed(host.now() + pauseMs, token).catch((error: unknown) => {
    host.log.warn({ jobId: job.id, err: error }, 'job not handed back: its lock will run out');
  });
  return new DelayedError();
}

/**
 * The only place where job data is read for a stage. Data of an older version is upgraded.
 *
 * @throws {NewerDataError} for data that a newer Darkroom wrote. The job is then handed back.
 */
const readData = <D, R, F extends StageFailure>(host: StageHost<D, R, F>, job: Job<D, R>): D =>
  upgradePersisted(host.dataKind, job.data) as D;

async function saveData<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  data: D,
): Promise<void> {
  const progress = host.computeProgress?.(data);
  const changed = progress !== undefined && progress !== job.progress;
  // The two writes are independent: one round trip.
  await Promise.all([job.updateData(data), changed && job.updateProgress(progress)]);
}

function createStageJob<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  signal: AbortSignal,
): StageJob<D> {
  return {
    id: job.id as string,
    data: readData(host, job),
    attemptsMade: job.attemptsMade,
    signal,
    save: (data) => saveData(host, job, data),
    note: async (text) => {
      const note = { at: host.now(), text };
      await job.log(formatNote(note));
      return note;
    },
    notes: async () => parseNotes((await host.readLog?.(job.id as string)) ?? []),
  };
}

/** The notes among the lines of a job's log. */
const parseNotes = (lines: string[]): Note[] => lines.flatMap((line) => parseNote(line) ?? []);
