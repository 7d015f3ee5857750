import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Clock } from '../../runtime/index.ts';
import { createBullMQFactory } from '../bullmq-factory.ts';
import { COUNTER_WINDOW_SECONDS, createCounters } from '../counters.ts';
import { type Engine, EngineError } from '../engine.ts';
import type { ErrorReport } from '../error-report.ts';
import { isAccessDenied, toEngineError, withTimeout } from '../errors.ts';
import { describeTarget, type QueueTarget } from '../queue-url.ts';
import { createFailFastBackend, createWorkerBackend } from './backends.ts';
import { type ConnectionMode, openConnection, type RedisConnection, waitUntilReady } from './connections.ts';
import { parseInfo, readRedisFacts, readRedisTime } from './facts.ts';
import {
  countEnded,
  countPriorities,
  findExistingJobs,
  findPriorityPlace,
  readAddedJobs,
  readFirstJobs,
  readJobTexts,
  readJobTimes,
} from './job-reads.ts';
import { assertPermissions } from './permissions.ts';
import { createRedisBudgetCounters } from './redis-budget-counters.ts';
import { createRedisLeases } from './redis-leases.ts';
import { createRedisRunTallies } from './redis-run-tallies.ts';
import { createWriteSync } from './write-sync.ts';

export interface RedisEngineOptions {
  target: QueueTarget;
  prefix: string;
  /** Names the connections in `CLIENT LIST`. */
  role: string;
  report: ErrorReport;
  clock: Clock;
  operationTimeoutMs: number;
  closeTimeoutMs: number;
}

/**
 * Opens an engine with two connections. One serves all queues and fails fast. The other serves workers and events,
 * waits while Redis is away, and is opened with the first worker. BullMQ duplicates it for every blocking reader.
 */
export function openRedisEngine(options: RedisEngineOptions): Engine {
  const { target, prefix, report } = options;
  const description = describeTarget(target);
  const connectionName = `darkroom:${options.role}`;
  const user = { name: target.username ?? 'default', prefix, connectionName };

  const connections = new Set<RedisConnection>();
  const trackConnection = (connection: RedisConnection) => {
    connections.add(connection);
    // Queues, workers and events all add listeners. BullMQ increases the present limit: 0 (no limit) would become 3.
    connection.setMaxListeners(1_000);
    connection.on('error', (error: unknown) => report(error, description));
    return connection;
  };
  const openTracked = (mode: ConnectionMode) => {
    const connection = trackConnection(openConnection(target, mode, connectionName));
    // BullMQ owns its duplicates, but cannot close a duplicate that was never connected.
    const duplicate = connection.duplicate.bind(connection) as (...args: unknown[]) => RedisConnection;
    return Object.assign(connection, {
      duplicate: (...args: unknown[]) => trackConnection(duplicate(...args)),
    });
  };
  const queueConnection = openTracked('fail-fast');
  let workerConnection: RedisConnection | undefined;

  // An operator can change permissions at any time: after a denial, the next ping tries all commands again.
  let permitted = false;
  const noteError = (error: unknown) => {
    if (isAccessDenied(error)) permitted = false;
  };

  const factory = createBullMQFactory({
    kind: 'redis',
    prefix,
    report,
    clock: options.clock,
    queueConnection: () => queueConnection,
    workerConnection: () => (workerConnection ??= openTracked('wait')),
    queueBackend: createFailFastBackend(options.operationTimeoutMs, noteError),
    workerBackend: createWorkerBackend({
      pauseMs: 1_000,
      clock: options.clock,
      onError: noteError,
      report,
    }),
    // Without these options, BullMQ waits for the first connection, and never repeats a failed version check.
    queueOptions: { skipWaitingForReady: true, skipVersionCheck: true },
  });

  // BullMQ writes the settings of a queue only once, when the queue is created, and reports no error when Redis is away.
  queueConnection.on('ready', () => {
    for (const queue of factory.queues()) {
      const maxLen = queue.opts.streams?.events.maxLen;
      if (maxLen === undefined) continue;
      queue
        .getBackend()
        .setQueueMeta({ 'opts.maxLenEvents': maxLen })
        .catch((error: unknown) => report(error, `queue ${queue.name}`));
    }
  });

  // After a wrong password, ioredis closes the connection and opens it again without end.
  let refusal: Error | undefined;
  queueConnection.on('error', (error: unknown) => {
    refusal = isAccessDenied(error) ? error : undefined;
  });
  queueConnection.on('ready', () => {
    refusal = undefined;
  });

  const ping = async (timeoutMs: number) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const check = async () => {
      await waitUntilReady(queueConnection, signal);
      if (permitted) return void (await queueConnection.ping());
      await assertPermissions(queueConnection, user);
      permitted = true;
    };
    try {
      await withTimeout(timeoutMs, 'PING', check());
    } catch (error) {
      if (refusal) {
        const message = `Redis refuses the user ${user.name} of QUEUE_URL: ${refusal.message}`;
        throw new EngineError('unauthorized', message, { cause: error });
      }
      if (!signal.aborted) throw toEngineError(error);
      throw new EngineError('unavailable', `${description} did not answer within ${timeoutMs} ms.`, {
        cause: error,
      });
    }
  };

  const syncWrites = createWriteSync({
    open: () => openTracked('fail-fast'),
    prefix,
    timeoutMs: options.operationTimeoutMs,
  });
  /** For reads of many jobs in one round trip. */
  const failFast = async <T>(command: string, work: Promise<T>): Promise<T> => {
    try {
      return await withTimeout(options.operationTimeoutMs * 5, command, work);
    } catch (error) {
      noteError(error);
      throw toEngineError(error);
    }
  };

  let closing: Promise<void> | undefined;
  return {
    kind: 'redis',
    description,
    queue: factory.queue,
    worker: factory.worker,
    events: factory.events,
    readJobTexts: (queue, jobIds) =>
      failFast('HGET', readJobTexts(queueConnection, factory.queue(queue), jobIds)),
    countEnded: (queue, state, times) =>
      failFast('ZCOUNT', countEnded(queueConnection, factory.queue(queue), state, times)),
    readJobTimes: (queue, state, range) =>
      failFast('ZRANGE', readJobTimes(queueConnection, factory.queue(queue), state, range)),
    readAddedJobs: (queue, priority, after) =>
      failFast('ZRANGEBYSCORE', readAddedJobs(queueConnection, factory.queue(queue), priority, after)),
    countPriorities: (queue) => failFast('EVAL', countPriorities(queueConnection, factory.queue(queue))),
    readFirstJobs: (queue, wanted) =>
      failFast('ZRANGEBYSCORE', readFirstJobs(queueConnection, factory.queue(queue), wanted)),
    findPriorityPlace: (queue, id) =>
      failFast('ZSCORE', findPriorityPlace(queueConnection, factory.queue(queue), id)),
    findExistingJobs: (queue, jobIds) =>
      failFast('EXISTS', findExistingJobs(queueConnection, factory.queue(queue), jobIds)),
    readIdentity: () => failFast('INFO', readRunId(queueConnection, `${prefix}:identity`)),
    syncWrites: async () => {
      await syncWrites().catch((error: unknown) => {
        noteError(error);
        throw toEngineError(error);
      });
    },
    leases: createRedisLeases(queueConnection, prefix, failFast),
    budgetCounters: createRedisBudgetCounters(queueConnection, prefix, failFast),
    runTallies: createRedisRunTallies(queueConnection, prefix, failFast),
    counters: createCounters(
      new RateLimiterRedis({
        storeClient: queueConnection,
        keyPrefix: `${prefix}:counters`,
        points: 1,
        duration: COUNTER_WINDOW_SECONDS,
        rejectIfRedisNotReady: false,
      }),
    ),
    ping,
    async warnings() {
      await ping(options.operationTimeoutMs);
      const { advice } = await failFast('INFO', readRedisFacts(queueConnection));
      return advice.map(({ text }) => text);
    },
    readFacts: () => failFast('INFO', readRedisFacts(queueConnection)),
    readTime: () => failFast('TIME', readRedisTime(queueConnection)),
    close() {
      closing ??= factory.close(options.closeTimeoutMs).finally(() => {
        for (const connection of connections) connection.disconnect();
      });
      return closing;
    },
  };
}

/**
 * The run id of the server that holds the key. The command is sent as a script, because a cluster sends a script to the
 * master of its key, and INFO to any node.
 */
async function readRunId(connection: RedisConnection, key: string): Promise<string> {
  const info = String(await connection.eval("return redis.call('INFO', 'server')", 1, key));
  const runId = parseInfo(info).get('run_id');
  if (!runId) throw new EngineError('unsupported', 'INFO of this Redis has no run_id.');
  return runId;
}
