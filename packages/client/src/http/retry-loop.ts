import type { Clock } from '../clock.ts';
import { aborted, DarkroomError, isTransient } from '../errors.ts';
import { type RetryPolicy, retryDelay } from './retry-timing.ts';

/** A request that failed and is about to be sent again. */
export interface Retry {
  error: DarkroomError;
  /** Failures in a row so far. */
  failures: number;
  /** Milliseconds until it is sent again. */
  delayMs: number;
}

export interface PatienceDeps {
  clock: Clock;
  policy: RetryPolicy;
  onRetry?: ((retry: Retry) => void) | undefined;
}

/** Counts failures in a row and waits between them. */
export interface Patience {
  /** Something went well: the count starts anew. */
  reset(): void;
  /** Waits until it is time to try again. @throws `error` itself when no try is left or none would help. */
  after(error: unknown): Promise<void>;
}

/** @param tries instead of the policy's; `Infinity` where a deadline ends the tries. */
export function patience(
  { clock, policy, onRetry }: PatienceDeps,
  signal: AbortSignal | undefined,
  tries = policy.tries,
): Patience {
  let failures = 0;
  return {
    reset: () => {
      failures = 0;
    },
    after: async (error) => {
      failures += 1;
      if (!(error instanceof DarkroomError) || !isTransient(error) || failures >= tries) throw error;
      const asked = retryDelay(failures, error.retryAfterMs, policy, clock.random());
      // Where only a deadline ends the tries, a server that asks for long is asked again within our own bounds.
      const delayMs = asked ?? (tries === Infinity ? policy.maxRetryAfterMs : undefined);
      if (delayMs === undefined) throw error;
      onRetry?.({ error, failures, delayMs });
      await pause(clock, delayMs, signal);
    },
  };
}

/** @throws DarkroomError as soon as the signal aborts. */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw signal?.aborted ? aborted(signal) : error;
  }
}
