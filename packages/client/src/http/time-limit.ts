import type { Clock } from '../clock.ts';
import { abortError } from '../errors.ts';

/** The caller's signal and a time limit, combined into one signal. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  /** Starts the time again with a new limit. Without an argument, it stops the time. */
  restart(ms?: number): void;
  /** Aborts the signal. */
  abort(reason: unknown): void;
  /** Stops the timer and removes the listener from the caller's signal. Call it after the work has ended. */
  release(): void;
}

/**
 * The signal aborts with a `DarkroomError`: `aborted` when the caller's signal aborts, `createError()` when the time is over.
 *
 * `AbortSignal.any` would leak: a caller's signal may live as long as the process and would collect listeners.
 */
export function startTimeLimit(
  clock: Clock,
  options: { signal?: AbortSignal | undefined; ms?: number; createError(): Error },
): TimeLimit {
  const controller = new AbortController();
  const callerSignal = options.signal;
  let timer = new AbortController();
  const onAbort = () => controller.abort(abortError(callerSignal as AbortSignal));
  if (callerSignal?.aborted) onAbort();
  else callerSignal?.addEventListener('abort', onAbort, { once: true });

  const restart = (ms = Infinity) => {
    timer.abort();
    if (!Number.isFinite(ms) || controller.signal.aborted) return;
    timer = new AbortController();
    clock.sleep(Math.max(0, ms), timer.signal).then(
      () => controller.abort(options.createError()),
      () => undefined,
    );
  };
  restart(options.ms);
  return {
    signal: controller.signal,
    restart,
    abort: (reason) => controller.abort(reason),
    release: () => {
      timer.abort();
      callerSignal?.removeEventListener('abort', onAbort);
    },
  };
}

/** Returns the result of the promise. Rejects with a `DarkroomError` as soon as the signal aborts. */
export async function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await promise;
  let onAbort: (() => void) | undefined;
  const abortion = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, abortion]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

/** @throws DarkroomError as soon as the signal aborts. */
export async function sleepUnlessAborted(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw signal?.aborted ? abortError(signal) : error;
  }
}
