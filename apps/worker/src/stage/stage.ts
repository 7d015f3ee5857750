import type { ItemFailure } from '@darkroom/shared/redrives';
import type { Checkpoint, Failure, Note } from '@darkroom/shared/render';

/** Why a job failed. A render's failure is a {@link Failure}, which has more fields. */
export interface StageFailure {
  /** Stable. */
  code: string;
  message: string;
  /** Causes, outermost first. */
  chain: string[];
}

/**
 * How a run of a stage ends. A stage returns its outcome and throws only for unexpected errors. `bullmq/` turns outcomes
 * into BullMQ's moves and errors; no other folder knows these.
 */
export type StageOutcome<R, D = unknown, F extends StageFailure = Failure> =
  | { kind: 'done'; value: R }
  /** Costs no attempt. `data` is saved before the job waits. */
  | { kind: 'wait'; afterMs: number; data: D }
  /** The provider's quota is used up: all jobs of the queue wait. Costs no attempt. */
  | { kind: 'wait-all'; afterMs: number }
  /** Run again when this child has ended. The child is added only if it is `absent`. */
  | { kind: 'child'; child: ChildCall; absent: boolean }
  /** Costs an attempt of the job. */
  | { kind: 'retry'; afterMs: number; reason: string }
  | { kind: 'dead'; failure: F };

/** A child job that a render waits for. `checkpoint` is the render's. */
export type ChildCall =
  | { queue: 'submit'; id: string; checkpoint: Checkpoint }
  | { queue: 'store'; id: string; checkpoint: Checkpoint; taskId: string; expiresAt: number };

/** What a render can know of a child. */
export type ChildState<R> =
  | { kind: 'absent' }
  | { kind: 'pending' }
  | { kind: 'completed'; value: R }
  /** Without a `failure`, BullMQ failed the child: its workers died too often. */
  | { kind: 'failed'; failure: Failure | undefined };

/** The job of a render as a redrive sees it. `ends`: how often the render has ended. */
export type RenderState =
  | { kind: 'absent' }
  | { kind: 'running'; ends: number }
  | { kind: 'failed'; ends: number; failure: ItemFailure }
  | { kind: 'ended'; ends: number; status: 'completed' | 'canceled' };

/** The renders that a redrive runs again. */
export interface FailedRenders {
  read(renderId: string): Promise<RenderState>;
  /** Makes a failed render run again. @returns false if it is not failed any more, or has failed again since end `end`. */
  retry(renderId: string, end: number): Promise<boolean>;
}

/** A job as a stage sees it. */
export interface StageJob<D> {
  readonly id: string;
  /** In the present version, whichever version wrote it. */
  readonly data: D;
  /** Attempts that ended. The attempt of this run is not counted. */
  readonly attemptsMade: number;
  /** Aborts when the worker must let go of the job: at shutdown, or when it lost the job's lock. */
  readonly signal: AbortSignal;
  /** Writes the job's data. */
  save(data: D): Promise<void>;
  /** Adds a line to the job's log, for people. Returns the line as it was written. */
  note(line: string): Promise<Note>;
  /** The lines of the job's log, oldest first, as many as the queue keeps. */
  notes(): Promise<Note[]>;
}
