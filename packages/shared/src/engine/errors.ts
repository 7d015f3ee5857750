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
  /Too many Cluster redirections/i,
  // Before Redis 7, an error inside a script contains the reply after a minus sign.
  /(^|-)(BUSY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|NOREPLICAS|MISCONF|OOM) /,
  /ECONN(REFUSED|RESET|ABORTED)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE/,
];

const ACCESS_DENIED_MESSAGES = [
  /\b(NOAUTH|NOPERM|WRONGPASS) /,
  // What a script gets instead of NOPERM.
  /The user executing the script can't (run|access) /,
];

/** True when Redis denies the user of QUEUE_URL a command, a key, or the connection. */
export function isAccessDenied(error: unknown): error is Error {
  return findMessages(error).some((text) => ACCESS_DENIED_MESSAGES.some((pattern) => pattern.test(text)));
}

/**
 * True when the engine did not answer, or refuses the call for now: the same call may succeed later. Denied access also
 * counts, because an operator can grant it again, and no render may fail until then (I4).
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof EngineError) return error.code !== 'locked' && error.code !== 'unsupported';
  return (
    isAccessDenied(error) ||
    findMessages(error).some((text) => UNAVAILABLE_MESSAGES.some((pattern) => pattern.test(text)))
  );
}

/**
 * The messages of an error and of the errors inside it that name the reason. An error can contain itself: ioredis ends all
 * commands of a transaction with one error when the connection closes, and lists the errors of the commands in it.
 */
function findMessages(error: unknown, seen = new Set<unknown>()): string[] {
  if (!(error instanceof Error) || seen.has(error)) return [];
  seen.add(error);
  const code = 'code' in error ? [String(error.code)] : [];
  // A transaction that a command made fail, and a cluster of which no node answered.
  const previous: unknown[] =
    'previousErrors' in error && Array.isArray(error.previousErrors) ? error.previousErrors : [];
  const last = 'lastNodeError' in error ? [error.lastNodeError] : [];
  return [...code, error.message, ...[...previous, ...last].flatMap((inner) => findMessages(inner, seen))];
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
