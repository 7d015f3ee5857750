import type { PausableRender, RunStop, SubmissionPause } from '@darkroom/shared/control';
import type { CancelMarker, StoreResult, SubmitResult } from '@darkroom/shared/queues';
import type { Checkpoint, DeadLetter, Receipt } from '@darkroom/shared/render';
import type { BudgetGate } from '../budgets/index.ts';
import type { LatencySketch } from '../decide/index.ts';
import type { RunTracker } from '../runs/index.ts';
import type { ChildState, Infra, StageJob } from '../stage/index.ts';

/** What the render stage alone needs. */
export interface RenderDeps {
  latencies: LatencySketch;
  /** Takes one poll from the account's quota: 0 if the render may poll now, else the ms to wait (I9). */
  takePollToken(): Promise<number>;
  /** The quota of all workers together. */
  readPollsPerSecond(): number;
  /** The provider answered 429: no worker polls for `ms`. */
  blockPolls(ms: number): Promise<void>;
  /** Renders whose task is at the provider, of all workers. A rough number, for planning. */
  countInFlight(): number;
  children: {
    readSubmit(id: string): Promise<ChildState<SubmitResult>>;
    readStore(id: string): Promise<ChildState<StoreResult>>;
    /** Removes a child, so that a new one can have its id. */
    remove(queue: 'submit' | 'store', id: string): Promise<void>;
    /** Takes a submission that has not begun out of its queue. @returns false if it has begun. */
    withdraw(id: string): Promise<boolean>;
  };
  deadLetters: {
    put(letter: DeadLetter): Promise<void>;
    remove(renderId: string): Promise<void>;
  };
  cancelMarkers: {
    find(renderId: string): Promise<CancelMarker | undefined>;
    remove(renderId: string): Promise<void>;
  };
  budgets: Pick<BudgetGate, 'count' | 'release' | 'recordEnd'>;
  runs: RunTracker;
  /** Why the run of a render buys nothing more. */
  findRunStop(render: PausableRender): Promise<RunStop | undefined>;
  /** The pauses that hold the submission of a render back, the one that ends last first. */
  findPauses(render: PausableRender): Promise<SubmissionPause[]>;
  /** Enqueues the webhooks of an end. */
  enqueueWebhooks(receipt: Receipt, signal: AbortSignal): Promise<void>;
}

/** What a step works with. */
export interface StepContext {
  job: StageJob<Checkpoint>;
  infra: Infra;
  own: RenderDeps;
}
