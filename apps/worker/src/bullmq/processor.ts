import { type Processor } from '@darkroom/shared/engine';
import { type Failure, formatNote, parseNote } from '@darkroom/shared/render';
import { type Logger } from '@darkroom/shared/runtime';
import { DelayedError, type Job, RateLimitError, UnrecoverableError, WaitingChildrenError } from 'bullmq';
import { isEngineError } from '../stage/engine-errors.ts';
import type { ChildCall, StageFailure, StageJob, StageOutcome } from '../stage/stage.ts';

/** An attempt that is to be made again after `afterMs`; see {@link decidedBackoff}. */
class TryAgain extends Error {
  readonly afterMs: number;
  constructor(reason: string, afterMs: number) {
    super(reason);
    this.name = 'TryAgain';
    this.afterMs = afterMs;
  }
}

/** BullMQ's backoff: the decision was taken already, with all that is known. */
export const decidedBackoff = (_attempts: number, _type?: string, error?: Error) =>
  error instanceof TryAgain ? error.afterMs : 1000;

/** Jobs that retry name this backoff, so that BullMQ asks {@link decidedBackoff}. */
export const DECIDED = { type: 'decided' } as const;

export interface StageHost<D, R, F extends StageFailure = Failure> {
  log: Logger;
  now(): number;
  stage(job: StageJob<D>): Promise<StageOutcome<R, D, F>>;
  /** Adds a child under this parent. */
  addChild?(call: ChildCall, parent: { id: string; queue: string }): Promise<void>;
  /** Tells every worker of the queue to wait. */
  rateLimit?(ms: number): Promise<void>;
  /** A stage threw: what its death is called, or `undefined` where it must not die of it. */
  bug(error: unknown): F;
  /** The data with the failure written in, where the parent finds it. */
  withFailure?(data: D, failure: F): D;
  /** Percent, where the data tells how far the job has come. */
  progressOf?(data: D): number | undefined;
  /** The lines of a job's log; without it a stage cannot read its notes. */
  logsOf?(jobId: string): Promise<string[]>;
}

/** A handed-back job runs again soon, by anybody; not so soon that an engine in trouble gets no rest. */
const STOP_PAUSE_MS = 100;
const ENGINE_PAUSE_MS = 2_000;

/**
 * Runs a stage as a BullMQ processor. The only place that knows which move and which error of BullMQ an outcome
 * is. Two rules of BullMQ shape it: `updateData` comes before a move, because the move gives up the lock; and
 * after a move its error is thrown at once.
 */
export function createProcessor<D, R, F extends StageFailure = Failure>(
  host: StageHost<D, R, F>,
): Processor<D, R> {
  return async (job, token, signal) => {
    for (;;) {
      const outcome = await run(host, job, token, signal);
      if (outcome.kind === 'done') return outcome.value;
      const steer = await move(host, job, token, outcome);
      if (steer) throw steer;
    }
  };
}

/**
 * Makes the move that an outcome stands for.
 *
 * @returns the error by which BullMQ learns of it, or `undefined` when the stage can go on at once.
 */
async function move<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  outcome: Exclude<StageOutcome<R, D, F>, { kind: 'done' }>,
): Promise<Error | undefined> {
  try {
    switch (outcome.kind) {
      case 'wait':
        if (outcome.data !== job.data) await save(host, job, outcome.data);
        await job.moveToDelayed(host.now() + outcome.afterMs, token);
        return new DelayedError();
      case 'wait-all':
        await host.rateLimit?.(outcome.afterMs);
        return new RateLimitError();
      case 'retry':
        return new TryAgain(outcome.reason, outcome.afterMs);
      case 'dead':
        if (host.withFailure) await job.updateData(host.withFailure(job.data, outcome.failure));
        return deathOf(outcome.failure);
      case 'child':
        // Adding a failed child again would mark it pending for ever.
        if (outcome.absent) {
          await host.addChild?.(outcome.child, { id: job.id as string, queue: job.queueQualifiedName });
        }
        // Where it does not wait, the child ended in the meantime: go on from what it left.
        return (await job.moveToWaitingChildren(token)) ? new WaitingChildrenError() : undefined;
    }
  } catch (error) {
    if (!isEngineError(error)) throw error;
    return handBack(host, job, token, error.message, ENGINE_PAUSE_MS);
  }
}

/** A job's `failedReason` when it died of this. */
export const describeFailure = ({ code, message }: Pick<StageFailure, 'code' | 'message'>) =>
  `${code}: ${message}`;

/** The dashboard shows this stack: ours would lead to this file, the failure's own leads to the cause. */
function deathOf(failure: StageFailure): UnrecoverableError {
  const death = new UnrecoverableError(describeFailure(failure));
  death.stack = [death.message, ...failure.chain].join('\n');
  return death;
}

async function run<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  signal: AbortSignal,
): Promise<StageOutcome<R, D, F>> {
  try {
    return await host.stage(viewOf(host, job, signal));
  } catch (error) {
    if (signal.aborted) throw await handBack(host, job, token, 'told to stop', STOP_PAUSE_MS);
    // Whatever became of our own engine, the job is not to blame. It is let go without a verdict; if even that
    // does not get through, its lock runs out and another worker goes on.
    if (isEngineError(error)) throw await handBack(host, job, token, error.message, ENGINE_PAUSE_MS);
    const failure = host.bug(error);
    host.log.error({ jobId: job.id, err: error }, 'a bug killed a job');
    return { kind: 'dead', failure };
  }
}

async function handBack<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  token: string,
  why: string,
  pauseMs: number,
): Promise<DelayedError> {
  host.log.info({ jobId: job.id, why }, 'job handed back');
  await job.moveToDelayed(host.now() + pauseMs, token).catch((error: unknown) => {
    host.log.warn({ jobId: job.id, err: error }, 'could not hand a job back; its lock will run out');
  });
  return new DelayedError();
}

async function save<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  data: D,
): Promise<void> {
  const progress = host.progressOf?.(data);
  const moved = progress !== undefined && progress !== job.progress;
  // Neither builds on the other: one round trip.
  await Promise.all([job.updateData(data), moved && job.updateProgress(progress)]);
}

function viewOf<D, R, F extends StageFailure>(
  host: StageHost<D, R, F>,
  job: Job<D, R>,
  signal: AbortSignal,
): StageJob<D> {
  return {
    id: job.id as string,
    data: job.data,
    attemptsMade: job.attemptsMade,
    signal,
    save: (data) => save(host, job, data),
    note: async (text) => {
      const note = { at: host.now(), text };
      await job.log(formatNote(note));
      return note;
    },
    notes: async () => notesOf((await host.logsOf?.(job.id as string)) ?? []),
  };
}

const notesOf = (lines: string[]) => lines.flatMap((line) => parseNote(line) ?? []);
