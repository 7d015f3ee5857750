import type { Clock } from '../clock.ts';
import { aborted } from '../errors.ts';

/** The caller's signal and a time limit, as one signal. */
export interface Limit {
  readonly signal: AbortSignal;
  /** Starts the time anew; without an argument it stops. */
  restart(ms?: number): void;
  /** Ends what runs under it. */
  abort(reason: unknown): void;
  /** Lets go of the caller's signal and of the timer. What ran under it must be over. */
  release(): void;
}

/**
 * Its signal aborts with a `DarkroomError`: `aborted` when the caller's does, `late()` when the time is over.
 * Not `AbortSignal.any`: a caller's signal may live as long as the process, and must not collect listeners.
 */
export function limit(
  clock: Clock,
  options: { signal?: AbortSignal | undefined; ms?: number; late(): Error },
): Limit {
  const controller = new AbortController();
  const theirs = options.signal;
  let timer = new AbortController();
  const onAbort = () => controller.abort(aborted(theirs as AbortSignal));
  if (theirs?.aborted) onAbort();
  else theirs?.addEventListener('abort', onAbort, { once: true });

  const restart = (ms = Infinity) => {
    timer.abort();
    if (!Number.isFinite(ms) || controller.signal.aborted) return;
    timer = new AbortController();
    clock.sleep(Math.max(0, ms), timer.signal).then(
      () => controller.abort(options.late()),
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
      theirs?.removeEventListener('abort', onAbort);
    },
  };
}

/** Settles as the promise does, or rejects with a `DarkroomError` as soon as the signal aborts. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await promise;
  let onAbort: (() => void) | undefined;
  const gone = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, gone]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
