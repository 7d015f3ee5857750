import type { DeadLetter, Settings, StoreResult, SubmitResult } from '@darkroom/shared';
import type { LatencySketch, Situation } from '../decide/index.ts';
import type { StageParts } from '../parts.ts';
import type { ChildState } from '../stage.ts';

/** What the render's steps work with. */
export interface RenderDeps extends StageParts {
  latencies: LatencySketch;
  /** The account's query quota: 0 when a look may be taken now, else ms to wait (I9). */
  takeLook(): Promise<number>;
  /** The provider asked everybody to stop looking for a while. */
  blockLooks(ms: number): Promise<void>;
  /** Renders whose task is at the provider, by everybody; a rough number for planning. */
  inFlight(): number;
  children: {
    submit(id: string): Promise<ChildState<SubmitResult>>;
    store(id: string): Promise<ChildState<StoreResult>>;
    /** Makes way for a new child of the same id. */
    remove(queue: 'submit' | 'store', id: string): Promise<void>;
  };
  deadLetters: {
    put(letter: DeadLetter): Promise<void>;
    remove(renderId: string): Promise<void>;
  };
}

/** The limits that every decision looks at. */
export const limitsOf = (settings: Settings): Situation['limits'] => ({
  submitAttempts: settings.SUBMIT_ATTEMPTS,
  maxPurchases: settings.MAX_PURCHASES,
  missingGraceMs: settings.TASK_MISSING_GRACE_MS,
  unknownGraceMs: settings.UNKNOWN_GRACE_MS,
});
