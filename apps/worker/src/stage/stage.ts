import type { Checkpoint, Failure, Note } from '@darkroom/shared/render';

/** What a job died of. A render's is a {@link Failure}. */
export interface StageFailure {
  /** Stable. */
  code: string;
  message: string;
  /** Causes, outermost first. */
  chain: string[];
}

/**
 * How a run of a stage ends. A stage returns; it never throws to steer. `bullmq/` turns outcomes into BullMQ's
 * moves and errors, and is the only place that knows them.
 */
export type StageOutcome<R, D = unknown, F extends StageFailure = Failure> =
  | { kind: 'done'; value: R }
  /** Costs no attempt. `data` is the checkpoint to save first. */
  | { kind: 'wait'; afterMs: number; data: D }
  /** The quota is used up for everybody: the whole queue waits. */
  | { kind: 'wait-all'; afterMs: number }
  /** Run again when this child has ended. It is added only where it is absent. */
  | { kind: 'child'; child: ChildCall; absent: boolean }
  /** Costs an attempt of the job. */
  | { kind: 'retry'; afterMs: number; reason: string }
  | { kind: 'dead'; failure: F };

export type ChildCall =
  | { queue: 'submit'; id: string; checkpoint: Checkpoint }
  | { queue: 'store'; id: string; checkpoint: Checkpoint; taskId: string; expiresAt: number };

/** What a parent can know of a child. */
export type ChildState<R> =
  | { kind: 'absent' }
  | { kind: 'pending' }
  | { kind: 'completed'; value: R }
  /** Without a `failure` the child's worker was lost too often. */
  | { kind: 'failed'; failure: Failure | undefined };

/** A job as a stage sees it. */
export interface StageJob<D> {
  readonly id: string;
  readonly data: D;
  /** Ends of attempts so far; this run is not counted. */
  readonly attemptsMade: number;
  /** Aborts when the worker lets go of the job: shutdown, or a lost lock. */
  readonly signal: AbortSignal;
  /** Writes the checkpoint. */
  save(data: D): Promise<void>;
  /** A line for people, on the job's page. Answers it as it stands there. */
  note(line: string): Promise<Note>;
  /** What was noted so far, oldest first, as far back as the queue keeps it. */
  notes(): Promise<Note[]>;
}
