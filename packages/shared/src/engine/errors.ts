import { setAwakeTimeout } from '../runtime/awake-timeout.ts';
import { EngineError } from './engine.ts';

const UNAVAILABLE_MESSAGES = [
  /Connection is closed/i,
  /Stream isn't writeable/i,
  /Cluster isn't ready/i,
  /Failed to refresh slots cache/i,
  /max retries per request/i,
  /Command aborted due to connection close/i,
  /Command timed out/i,
  /Socket timeout/i,
  /All sentinels are unreachable/i,
  /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|NOREPLICAS|MISCONF|OOM) /,
  /ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE/,
];

/** True when the engine did not answer or refuses writes for now, i.e. when the same call may work later. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof EngineError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const text = `${'code' in error ? String(error.code) : ''} ${error.message}`.trim();
  return UNAVAILABLE_MESSAGES.some((pattern) => pattern.test(error.message) || pattern.test(text));
}

/** The error as callers see it: unreachable becomes {@link EngineError} `unavailable`, the rest stays. */
export function toEngineError(error: unknown): unknown {
  if (error instanceof EngineError || !isUnavailable(error)) return error;
  const { message } = error as Error;
  const why = /isn't (writeable|ready)/i.test(message) ? 'not connected' : message;
  return new EngineError('unavailable', `The queue engine is unavailable: ${why}`, { cause: error });
}

/**
 * Resolves as `work` does, or rejects with `unavailable` after `ms`. The work itself is not undone: what was
 * sent may still happen, which is why jobs have ids of their own.
 */
export async function withTimeout<T>(ms: number, what: string, work: PromiseLike<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stop = setAwakeTimeout(ms, () => {
    reject(new EngineError('unavailable', `The queue engine did not answer ${what} within ${ms} ms.`));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}
