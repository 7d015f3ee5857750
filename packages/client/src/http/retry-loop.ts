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

export interface RetryLimits {
  /** Replaces the policy's; `Infinity` when a deadline ends the loop. */
  tries?: number | undefined;
  /** While the server restores renders, tries do not count, for `maxRestoreMs` of the policy. */
  waitsForRestore?: boolean | undefined;
}

export function createRetryLoop(
  { clock, retryPolicy, onRetry }: RetryLoopOptions,
  signal: AbortSignal | undefined,
  { tries = retryPolicy.tries, waitsForRestore = false }: RetryLimits = {},
): RetryLoop {
  let failures = 0;
  /** Failures that are no tries. */
  let uncounted = 0;
  let restoreEnds: number | undefined;
  const isRestore = (error: unknown): boolean => {
    if (!(error instanceof DarkroomError && error.code === 'restoring')) return false;
    restoreEnds ??= clock.now() + retryPolicy.maxRestoreMs;
    return clock.now() < restoreEnds;
  };
  return {
    reset: () => {
      failures = 0;
      uncounted = 0;
      restoreEnds = undefined;
    },
    waitAfter: async (error) => {
      failures += 1;
      if (waitsForRestore && isRestore(error)) uncounted += 1;
      const isLastTry = failures - uncounted >= tries;
      if (!(error instanceof DarkroomError) || !isTransient(error) || isLastTry) throw error;
      const allowed = nextRetryDelay(failures, error.retryAfterMs, retryPolicy, clock.random());
      // When only a deadline ends the loop, a long `Retry-After` is shortened to what the policy allows.
      const delayMs = allowed ?? (tries === Infinity ? retryPolicy.maxRetryAfterMs : undefined);
      if (delayMs === undefined) throw error;
      onRetry?.({ error, failures, delayMs });
      await sleepUnlessAborted(clock, delayMs, signal);
    },
  };
}
