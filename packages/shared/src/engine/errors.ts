import { raceTimeout } from '../runtime/index.ts';
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

/** True when the engine did not answer or refuses writes for now: the same call may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof EngineError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const text = `${'code' in error ? String(error.code) : ''} ${error.message}`.trim();
  return UNAVAILABLE_MESSAGES.some((pattern) => pattern.test(error.message) || pattern.test(text));
}

/** The error for callers: an unreachable engine becomes {@link EngineError} `unavailable`, other errors stay. */
export function toEngineError(error: unknown): unknown {
  if (error instanceof EngineError || !isUnavailable(error)) return error;
  const { message } = error as Error;
  const reason = /isn't (writeable|ready)/i.test(message) ? 'not connected' : message;
  return new EngineError('unavailable', `The queue engine is unavailable: ${reason}`, { cause: error });
}

/**
 * Resolves as `work` does, or rejects with `unavailable` after `ms`. The operation is not undone: what was sent may
 * still take effect. Callers give each job an id of its own, so that they can repeat the call.
 *
 * @param what the operation, for people
 */
export function withTimeout<T>(ms: number, what: string, work: PromiseLike<T>): Promise<T> {
  return raceTimeout(
    work,
    ms,
    () => new EngineError('unavailable', `The queue engine did not answer ${what} within ${ms} ms.`),
  );
}
