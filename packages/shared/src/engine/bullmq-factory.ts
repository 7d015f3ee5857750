import {
  type BackendFactory,
  type ConnectionOptions,
  type Queue,
  QueueEvents,
  type RedisQueueBackend,
  Worker,
} from 'bullmq';
import { type Clock, raceTimeout } from '../runtime/index.ts';
import type { Engine, EngineQueueOptions, EngineWorkerOptions, Processor } from './engine.ts';
import type { ErrorReport } from './error-report.ts';
import { SerializedQueue } from './serialized-queue.ts';
import { workerDefaults } from './worker-defaults.ts';

/** What BullMQ's classes need of an engine. One connection object may serve many of them. */
export interface BullMQBackend {
  kind: Engine['kind'];
  prefix: string;
  queueConnection(): ConnectionOptions;
  /** Waits for the engine instead of failing. */
  workerConnection(): ConnectionOptions;
  /** Redis's type, because it is the default of BullMQ's classes. Another type would spread through all of them. */
  queueBackend: BackendFactory<RedisQueueBackend>;
  workerBackend: BackendFactory<RedisQueueBackend>;
  /** More options for queues. */
  queueOptions: { skipWaitingForReady?: boolean; skipVersionCheck?: boolean };
  report: ErrorReport;
  clock: Clock;
}

export interface BullMQFactory extends Pick<Engine, 'queue' | 'worker' | 'events'> {
  queues(): Iterable<Queue>;
  /** Closes workers first, so that no job is running when queues and events close. Gives up after `ms`. */
  close(ms: number): Promise<void>;
}

/** Makes BullMQ's queues, workers and events for an engine. Remembers them to close them. */
export function createBullMQFactory(backend: BullMQBackend): BullMQFactory {
  const { clock } = backend;
  const queues = new Map<string, Queue>();
  const workers = new Set<Worker>();
  const events = new Set<QueueEvents>();
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new Error('The engine is closed.');
  };

  return {
    queue<D, R>(name: string, options: EngineQueueOptions = {}): Queue<D, R> {
      assertOpen();
      const known = queues.get(name);
      if (known) return known as unknown as Queue<D, R>;
      const queue = new SerializedQueue(
        name,
        {
          ...options,
          ...backend.queueOptions,
          prefix: backend.prefix,
          connection: backend.queueConnection(),
        },
        backend.queueBackend,
      );
      queue.on('error', (error) => backend.report(error, `queue ${name}`));
      queues.set(name, queue);
      return queue as unknown as Queue<D, R>;
    },

    worker<D, R>(name: string, processor: Processor<D, R>, options: EngineWorkerOptions = {}): Worker<D, R> {
      assertOpen();
      const worker = new Worker<D, R>(
        name,
        // BullMQ passes the signal only to functions that declare three parameters.
        (job, token, signal) => processor(job, token as string, signal as AbortSignal),
        {
          ...workerDefaults[backend.kind],
          ...options,
          prefix: backend.prefix,
          connection: backend.workerConnection(),
        },
        backend.workerBackend,
      );
      worker.on('error', (error) => backend.report(error, `worker ${name}`));
      worker.once('closed', () => workers.delete(worker as unknown as Worker));
      workers.add(worker as unknown as Worker);
      return worker;
    },

    events(name) {
      assertOpen();
      const listener = new QueueEvents(
        name,
        { prefix: backend.prefix, connection: backend.workerConnection() },
        backend.workerBackend,
      );
      listener.on('error', (error) => backend.report(error, `events ${name}`));
      events.add(listener);
      return listener;
    },

    queues: () => queues.values(),

    async close(ms) {
      closed = true;
      const deadline = clock.now() + ms;
      const waitUntilClosed = (closing: Promise<unknown>[]) =>
        waitForAll(closing, deadline - clock.now()).catch((error) => backend.report(error, 'close'));
      await waitUntilClosed([...workers].map((worker) => worker.close()));
      await waitUntilClosed([...events, ...queues.values()].map((one) => one.close()));
    },
  };
}

/** Waits until all of them have resolved or rejected, but no longer than `ms`. Throws the first failure. */
async function waitForAll(closing: Promise<unknown>[], ms: number): Promise<void> {
  const results = await raceTimeout(
    Promise.allSettled(closing),
    Math.max(0, ms),
    () => new Error(`Gave up on closing ${closing.length} workers, queues or events.`),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
