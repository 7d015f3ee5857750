import { type BackendFactory, createRedisBackend, type RedisQueueBackend } from 'bullmq';
import type { Clock } from '../../runtime/index.ts';
import type { ErrorReport } from '../error-report.ts';
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
export function createFailFastBackend(
  timeoutMs: number,
  onError: (error: unknown) => void,
): BackendFactory<RedisQueueBackend> {
  const wrapBackend = (backend: RedisQueueBackend): RedisQueueBackend =>
    interceptCalls(backend, async (operation, call) => {
      if (UNTIMED.has(operation)) return await call();
      try {
        return await withTimeout(BULK.has(operation) ? timeoutMs * 5 : timeoutMs, operation, call());
      } catch (error) {
        onError(error);
        throw toEngineError(error);
      }
    });
  return (name, options, extra) => wrapBackend(createRedisBackend(name, options, extra));
}

/**
 * A worker's backend for a Redis that answers with errors. BullMQ handles a lost connection well, but no other error:
 *
 * - It fetches again at once: ten thousand times a second, which leaves the process no time for anything else, such as a
 *   signal. This backend pauses first.
 * - It fails the job whose completion Redis refused (I4). This backend makes it repeat the completion.
 */
export function createWorkerBackend(options: {
  pauseMs: number;
  clock: Clock;
  onError: (error: unknown) => void;
  /** For errors that BullMQ does not emit, because it repeats the call. */
  report: ErrorReport;
}): BackendFactory<RedisQueueBackend> {
  const { pauseMs, clock, onError, report } = options;
  return (name, queueOptions, extra) => {
    const backend = createRedisBackend(name, queueOptions, extra);
    const closing = new AbortController();
    return interceptCalls(backend, async (operation, call) => {
      if (operation === 'close') closing.abort();
      try {
        return await call();
      } catch (error) {
        onError(error);
        if (FINISHING.has(operation) && isUnavailable(error)) {
          report(error, `worker ${name}`);
          throw toConnectionError(error);
        }
        if (mustPause(operation, error)) {
          await clock.sleep(pauseMs, closing.signal).catch(() => undefined);
        }
        throw error;
      }
    });
  };
}

/** The operations that end a run of a job. */
const FINISHING = new Set(['moveToCompleted', 'moveToFailed']);

/** BullMQ repeats a call after `runRetryDelay` only if its error looks like a lost connection. */
const toConnectionError = (error: unknown) =>
  Object.assign(new Error((error as Error).message, { cause: error }), { code: 'ECONNREFUSED' });

/** The two operations of a worker's main loop. A closing worker interrupts `waitForJob`, which is no error. */
const mustPause = (operation: string, error: unknown) =>
  operation === 'moveToActive' ||
  (operation === 'waitForJob' && error instanceof Error && error.name === 'ReplyError');

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
