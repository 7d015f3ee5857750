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
export function createBullMQFactory(footing: BullMQBackend): BullMQFactory {
  const { clock } = footing;
  const queues = new Map<string, Queue>();
  const workers = new Set<Worker>();
  const events = new Set<QueueEvents>();
  const defaults = queueDefaults[footing.kind];
  let closed = false;
  const open = () => {
    if (closed) throw new Error('The engine is closed.');
  };

  return {
    queue<D, R>(name: string, options: EngineQueueOptions = {}): Queue<D, R> {
      open();
      const known = queues.get(name);
      if (known) return known as unknown as Queue<D, R>;
      const queue = new Queue(
        name,
        {
          ...defaults,
          ...options,
          defaultJobOptions: { ...defaults.defaultJobOptions, ...options.defaultJobOptions },
          ...footing.queueOptions,
          prefix: footing.prefix,
          connection: footing.queueConnection(),
        },
        footing.queueBackend,
      );
      queue.on('error', (error) => footing.report(error, `queue ${name}`));
      queues.set(name, queue);
      return queue as unknown as Queue<D, R>;
    },

    worker<D, R>(name: string, processor: Processor<D, R>, options: EngineWorkerOptions = {}): Worker<D, R> {
      open();
      const worker = new Worker<D, R>(
        name,
        // BullMQ hands over the signal only to functions that declare three parameters.
        (job, token, signal) => processor(job, token as string, signal as AbortSignal),
        {
          ...workerDefaults[footing.kind],
          ...options,
          prefix: footing.prefix,
          connection: footing.workerConnection(),
        },
        footing.workerBackend,
      );
      worker.on('error', (error) => footing.report(error, `worker ${name}`));
      worker.once('closed', () => workers.delete(worker as unknown as Worker));
      workers.add(worker as unknown as Worker);
      return worker;
    },

    events(name) {
      open();
      const listener = new QueueEvents(
        name,
        { prefix: footing.prefix, connection: footing.workerConnection() },
        footing.workerBackend,
      );
      listener.on('error', (error) => footing.report(error, `events ${name}`));
      events.add(listener);
      return listener;
    },

    queues: () => queues.values(),

    async close(ms) {
      closed = true;
      const done = new AbortController();
      const late = clock.sleep(ms, done.signal);
      late.catch(() => undefined);
      const stage = (closing: Promise<unknown>[]) =>
        settledBefore(late, closing).catch((error) => footing.report(error, 'close'));
      await stage([...workers].map((worker) => worker.close()));
      await stage([...events, ...queues.values()].map((one) => one.close()));
      done.abort();
    },
  };
}

/** Waits for all of them, whatever they end in, unless it gets late; the first failure is thrown. */
async function settledBefore(late: Promise<void>, work: Promise<unknown>[]): Promise<void> {
  if (work.length === 0) return;
  const results = await Promise.race([Promise.allSettled(work), late]);
  if (!results) throw new Error(`Gave up on closing ${work.length} workers, queues or events.`);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
