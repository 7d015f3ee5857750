import {
  type BackendFactory,
  type ConnectionOptions,
  Queue,
  QueueEvents,
  type RedisQueueBackend,
  Worker,
} from 'bullmq';
import type { Clock } from '../runtime/clock.ts';
import { queueDefaults, workerDefaults } from './defaults.ts';
import type { Engine, EngineQueueOptions, EngineWorkerOptions, Processor } from './engine.ts';
import type { ErrorReport } from './error-report.ts';

/** What BullMQ's classes stand on. One connection object may serve many of them. */
export interface BullMQBackend {
  kind: Engine['kind'];
  prefix: string;
  queueConnection(): ConnectionOptions;
  /** Waits for the engine instead of failing. */
  workerConnection(): ConnectionOptions;
  /** Redis's type because it is the default of BullMQ's classes: with another, their types spread everywhere. */
  queueBackend: BackendFactory<RedisQueueBackend>;
  workerBackend: BackendFactory<RedisQueueBackend>;
  /** More options for queues. */
  queueOptions: { skipWaitingForReady?: boolean; skipVersionCheck?: boolean };
  report: ErrorReport;
  clock: Clock;
}

export interface BullMQFactory extends Pick<Engine, 'queue' | 'worker' | 'events'> {
  queues(): Iterable<Queue>;
  /** Workers first, so that nothing is in hand when queues and events go. Gives up after `ms`. */
  close(ms: number): Promise<void>;
}

/** Makes BullMQ's queues, workers and events for an engine, and remembers them so that they can be closed. */
export function createBullMQFactory(backend: BullMQBackend): BullMQFactory {
  const { clock } = backend;
  const queues = new Map<string, Queue>();
  const workers = new Set<Worker>();
  const events = new Set<QueueEvents>();
  const defaults = queueDefaults[backend.kind];
  let closed = false;
  const assertOpen = () => {
    if (closed) throw new Error('The engine is closed.');
  };

  return {
    queue<D, R>(name: string, options: EngineQueueOptions = {}): Queue<D, R> {
      assertOpen();
      const known = queues.get(name);
      if (known) return known as unknown as Queue<D, R>;
      const queue = new Queue(
        name,
        {
          ...defaults,
          ...options,
          defaultJobOptions: { ...defaults.defaultJobOptions, ...options.defaultJobOptions },
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
        // BullMQ hands over the signal only to functions that declare three parameters.
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
      const done = new AbortController();
      const deadline = clock.sleep(ms, done.signal);
      deadline.catch(() => undefined);
      const closeAll = (closing: Promise<unknown>[]) =>
        waitForAll(deadline, closing).catch((error) => backend.report(error, 'close'));
      await closeAll([...workers].map((worker) => worker.close()));
      await closeAll([...events, ...queues.values()].map((one) => one.close()));
      done.abort();
    },
  };
}

/** Waits for all of them, whatever they end in, unless it gets late; the first failure is thrown. */
async function waitForAll(late: Promise<void>, work: Promise<unknown>[]): Promise<void> {
  if (work.length === 0) return;
  const results = await Promise.race([Promise.allSettled(work), late]);
  if (!results) throw new Error(`Gave up on closing ${work.length} workers, queues or events.`);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
