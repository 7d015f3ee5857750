import { type BackendFactory, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import type { Clock } from '../../runtime/index.ts';
import { isUnavailable, toEngineError, withTimeout } from '../errors.ts';

/** Operations without a time limit: they wait for something. */
const UNTIMED = new Set(['close', 'disconnect', 'waitUntilReady', 'waitForJob', 'readEvents']);
/** Operations on thousands of jobs in one call: they have five times as long. */
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
 * A queue's backend in which every operation ends after at most `timeoutMs`, with EngineError `unavailable` when Redis
 * is away. A time limit is needed because a Redis that hangs keeps its connections open.
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
 * A worker's backend that pauses after errors. BullMQ waits after a lost connection, but fetches again at once after
 * other errors. With a full Redis it would fetch, and log, ten thousand times a second.
 */
export function createPausingBackend(pauseMs: number, clock: Clock): BackendFactory<RedisQueueBackend> {
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

/** Passes every call that returns a promise through `around`. */
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
