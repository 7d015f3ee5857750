import type { Clock } from '../clock.ts';
import { DarkroomError, isTransient } from '../errors.ts';
import { nextRetryDelay, type RetryPolicy } from './retry-timing.ts';
import { sleepUnlessAborted } from './time-limit.ts';

/** A failed request that the client is about to send again. */
export interface Retry {
  error: DarkroomError;
  /** Failures in a row so far. */
  failures: number;
  /** Milliseconds until the client sends the request again. */
  delayMs: number;
}

export interface RetryLoopOptions {
  clock: Clock;
  retryPolicy: RetryPolicy;
  onRetry?: ((retry: Retry) => void) | undefined;
}

/** Counts the failures in a row and waits between them. */
export interface RetryLoop {
  /** Sets the count back to 0 after a success. */
  reset(): void;
  /** Waits until the next try. @throws `error` itself when it is not transient or no try is left. */
  waitAfter(error: unknown): Promise<void>;
}

/** @param tries replaces the policy's; `Infinity` when a deadline ends the loop. */
export function createRetryLoop(
  { clock, retryPolicy, onRetry }: RetryLoopOptions,
  signal: AbortSignal | undefined,
  tries = retryPolicy.tries,
): RetryLoop {
  let failures = 0;
  return {
    reset: () => {
      failures = 0;
    },
    waitAfter: async (error) => {
      failures += 1;
      if (!(error instanceof DarkroomError) || !isTransient(error) || failures >= tries) throw error;
      const allowed = nextRetryDelay(failures, error.retryAfterMs, retryPolicy, clock.random());
      // When only a deadline ends the loop, a long `Retry-After` is shortened to what the policy allows.
      const delayMs = allowed ?? (tries === Infinity ? retryPolicy.maxRetryAfterMs : undefined);
      if (delayMs === undefined) throw error;
      onRetry?.({ error, failures, delayMs });
      await sleepUnlessAborted(clock, delayMs, signal);
    },
  };
}
