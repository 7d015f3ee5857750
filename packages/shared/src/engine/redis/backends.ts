import { type BackendFactory, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import type { Clock } from '../../runtime/clock.ts';
import { isUnavailable, toEngineError, withTimeout } from '../errors.ts';

/** These last as long as they last. */
const UNTIMED = new Set(['close', 'disconnect', 'waitUntilReady', 'waitForJob', 'readEvents']);
/** Thousands of jobs in one call: they get five times as long. */
const BULK = new Set([
  'addJobs',
  'addFlow',
  'cleanJobsByState',
  'drain',
  'getRanges',
  'obliterate',
  'promoteJobs',
  'removeOrphanedJobs',
  'retryFinishedJobs',
]);

/**
 * A queue's backend whose every operation settles: in `timeoutMs` at the latest, with EngineError
 * `unavailable` when Redis is away. A hung Redis keeps connections open, so failing to send is not enough.
 */
export function createFailFastBackend(timeoutMs: number): BackendFactory<RedisQueueBackend> {
  const wrapBackend = (backend: RedisQueueBackend): RedisQueueBackend =>
    interceptCalls(backend, async (operation, call) => {
      if (UNTIMED.has(operation)) return await call();
      try {
        return await withTimeout(BULK.has(operation) ? timeoutMs * 5 : timeoutMs, operation, call());
      } catch (error) {
        throw toEngineError(error);
      }
    });
  return (name, options, extra) => wrapBackend(createRedisBackend(name, options, extra));
}

/**
 * A worker's backend with a brake. BullMQ waits after a lost connection, but fetches again at once after any
 * other error: a full Redis would be asked ten thousand times a second, and log as often.
 */
export function createBrakedBackend(pauseMs: number, clock: Clock): BackendFactory<RedisQueueBackend> {
  return (name, options, extra) => {
    const backend = createRedisBackend(name, options, extra);
    const closing = new AbortController();
    return interceptCalls(backend, async (operation, call) => {
      if (operation === 'close') closing.abort();
      try {
        return await call();
      } catch (error) {
        if (operation === 'moveToActive' && isUnavailable(error)) {
          await clock.sleep(pauseMs, closing.signal).catch(() => undefined);
        }
        throw error;
      }
    });
  };
}

/** Passes what returns a promise through `around`; everything else is untouched. */
function interceptCalls(
  backend: RedisQueueBackend,
  around: (operation: string, call: () => Promise<unknown>) => Promise<unknown>,
): RedisQueueBackend {
  return new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property !== 'string') return value;
      return (...args: unknown[]) => {
        const result: unknown = value.apply(target, args);
        if (result === target) return result;
        if (isBackend(result)) return interceptCalls(result, around);
        return result instanceof Promise ? around(property, () => result) : result;
      };
    },
    set: (target, property, value) => Reflect.set(target, property, value, target),
  });
}

function isBackend(value: unknown): value is RedisQueueBackend {
  return typeof value === 'object' && value !== null && 'moveToActive' in value && 'addJob' in value;
}
