import type { Settings } from '@darkroom/shared/config';
import type { CancelMarker, StoreResult, SubmitResult } from '@darkroom/shared/queues';
import type { DeadLetter, Receipt } from '@darkroom/shared/render';
import type { LatencySketch, Situation } from '../decide/index.ts';
import type { Infra } from '../stage/infra.ts';
import type { ChildState } from '../stage/stage.ts';

/** What the render's steps work with. */
export interface RenderDeps extends Infra {
  latencies: LatencySketch;
  /** The account's query quota: 0 when a look may be taken now, else ms to wait (I9). */
  takePollToken(): Promise<number>;
  /** The provider asked everybody to stop looking for a while. */
  blockPolls(ms: number): Promise<void>;
  /** Renders whose task is at the provider, by everybody; a rough number for planning. */
  inFlight(): number;
  children: {
    submit(id: string): Promise<ChildState<SubmitResult>>;
    store(id: string): Promise<ChildState<StoreResult>>;
    /** Makes way for a new child of the same id. */
    remove(queue: 'submit' | 'store', id: string): Promise<void>;
    /** Takes back a submission that was not begun; false where it was. */
    withdraw(id: string): Promise<boolean>;
  };
  deadLetters: {
    put(letter: DeadLetter): Promise<void>;
    remove(renderId: string): Promise<void>;
  };
  cancels: {
    /** Somebody wants this render to stop. */
    find(renderId: string): Promise<CancelMarker | undefined>;
    /** It has ended: whoever redrives it is not stopped by what was asked before. */
    remove(renderId: string): Promise<void>;
  };
  /** Has its webhooks told of an end. `end`: how often it had ended before. */
  enqueueWebhooks(receipt: Receipt, end: number, signal: AbortSignal): Promise<void>;
}

/** The limits that every decision looks at. */
export const limitsOf = (settings: Settings): Situation['limits'] => ({
  submitAttempts: settings.SUBMIT_ATTEMPTS,
  maxPurchases: settings.MAX_PURCHASES,
  missingGraceMs: settings.TASK_MISSING_GRACE_MS,
  unknownGraceMs: settings.UNKNOWN_GRACE_MS,
});
