import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Clock } from '../../runtime/clock.ts';
import { createBullMQFactory } from '../bullmq-factory.ts';
import { queueDefaults } from '../defaults.ts';
import { type Engine, EngineError } from '../engine.ts';
import type { ErrorReport } from '../error-report.ts';
import { toEngineError, withTimeout } from '../errors.ts';
import { describeTarget, type QueueTarget } from '../queue-url.ts';
import { COUNTER_WINDOW_SECONDS, createCounters } from '../rate-counters.ts';
import { readRedisAdvice } from './advice.ts';
import { createBrakedBackend, createFailFastBackend } from './backends.ts';
import { type ConnectionMode, openConnection, type RedisConnection, waitUntilReady } from './connections.ts';
import { readJobTexts } from './job-texts.ts';

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
 * Two connections of temper: one for all queues, which fails fast, and one for workers and events, which waits
 * and is opened with the first of them. BullMQ duplicates the second for every blocking reader.
 */
export function openRedisEngine(options: RedisEngineOptions): Engine {
  const { target, prefix, report } = options;
  const description = describeTarget(target);

  const connections = new Set<RedisConnection>();
  const trackConnection = (connection: RedisConnection) => {
    connections.add(connection);
    // Queues, workers and events all listen on the same. BullMQ counts on from here: 0 would become 3.
    connection.setMaxListeners(1_000);
    connection.on('error', (error: unknown) => report(error, description));
    return connection;
  };
  const openTracked = (mode: ConnectionMode) => {
    const connection = trackConnection(openConnection(target, mode, `darkroom:${options.role}`));
    // BullMQ owns its duplicates, but cannot close one that never connected.
    const duplicate = connection.duplicate.bind(connection) as (...args: unknown[]) => RedisConnection;
    return Object.assign(connection, {
      duplicate: (...args: unknown[]) => trackConnection(duplicate(...args)),
    });
  };
  const queueConnection = openTracked('fast');
  let workerConnection: RedisConnection | undefined;

  const factory = createBullMQFactory({
    kind: 'redis',
    prefix,
    report,
    clock: options.clock,
    queueConnection: () => queueConnection,
    workerConnection: () => (workerConnection ??= openTracked('patient')),
    queueBackend: createFailFastBackend(options.operationTimeoutMs),
    workerBackend: createBrakedBackend(1_000, options.clock),
    // BullMQ would wait for the first connection, and a failed version check would stay failed for ever.
    queueOptions: { skipWaitingForReady: true, skipVersionCheck: true },
  });

  // BullMQ writes a queue's settings once, when it is made, and says nothing when Redis is away then.
  queueConnection.on('ready', () => {
    for (const queue of factory.queues()) {
      const maxLen = queue.opts.streams?.events.maxLen ?? queueDefaults.redis.streams.events.maxLen;
      queue
        .getBackend()
        .setQueueMeta({ 'opts.maxLenEvents': maxLen })
        .catch((error: unknown) => report(error, `queue ${queue.name}`));
    }
  });

  const ping = async (timeoutMs: number) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await withTimeout(
        timeoutMs,
        'PING',
        waitUntilReady(queueConnection, signal).then(() => queueConnection.ping()),
      );
    } catch (error) {
      if (!signal.aborted) throw toEngineError(error);
      throw new EngineError('unavailable', `${description} did not answer within ${timeoutMs} ms.`, {
        cause: error,
      });
    }
  };

  let closing: Promise<void> | undefined;
  return {
    kind: 'redis',
    description,
    queue: factory.queue,
    worker: factory.worker,
    events: factory.events,
    async readJobTexts(queue, jobIds) {
      const { operationTimeoutMs } = options;
      const work = readJobTexts(queueConnection, factory.queue(queue), jobIds);
      return await withTimeout(operationTimeoutMs * 5, 'HGET', work).catch((error) => {
        throw toEngineError(error);
      });
    },
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
      return await withTimeout(options.operationTimeoutMs, 'INFO', readRedisAdvice(queueConnection)).catch(
        (error) => {
          throw toEngineError(error);
        },
      );
    },
    close() {
      closing ??= factory.close(options.closeTimeoutMs).finally(() => {
        for (const connection of connections) connection.disconnect();
      });
      return closing;
    },
  };
}
