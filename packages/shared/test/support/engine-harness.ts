import { cleanup, latch, until } from '@darkroom/testkit';
import type { Job, JobState, Queue, QueueEvents, Worker } from 'bullmq';
import { withTimeout } from '../../src/engine/errors.ts';
import type { Engine, EngineQueueOptions, EngineWorkerOptions, Processor } from '../../src/engine/index.ts';

/** biome-ignore lint/suspicious/noExplicitAny: tests use jobs with any data */
export type Any = any;
export type AnyQueue = Queue<Any, Any>;
export type AnyJob = Job<Any, Any>;

/** Runs a guarantee on an engine, with queue names that no other test uses. */
export interface EngineHarness {
  engine(): Engine;
  queue(name?: string, options?: EngineQueueOptions): AnyQueue;
  /** Closed after the test, without waiting for running jobs. */
  worker(
    queue: AnyQueue,
    processor: Processor<Any, Any>,
    options?: EngineWorkerOptions,
  ): Promise<Worker<Any, Any>>;
  /** Receives all events from now on. */
  events(queue: AnyQueue): Promise<QueueEvents>;
}

export function createEngineHarness(engine: () => Engine): EngineHarness {
  let count = 0;
  return {
    engine,
    queue: (name = 'render', options) => engine().queue(`${name}-${++count}`, options),
    async worker(queue, processor, options) {
      const worker = engine().worker<Any, Any>(queue.name, processor, options);
      // While Redis is away, close() would never end.
      cleanup(() => withTimeout(2_000, 'close', worker.close(true)).catch(() => undefined));
      await worker.waitUntilReady();
      return worker;
    },
    async events(queue) {
      const events = engine().events(queue.name);
      cleanup(() => withTimeout(2_000, 'close', events.close()).catch(() => undefined));
      await events.waitUntilReady();
      // It receives events from its first read on, and that read comes some time after it is ready.
      const received = latch();
      events.once('probe' as 'added', () => received.open());
      await until(async () => {
        await queue.getBackend().publishEvent({ event: 'probe', jobId: 'none' } as never, 1_000);
        return received.opened;
      });
      return events;
    },
  };
}

/** Waits until the job is in the state. @returns the job as stored then */
export async function waitForState(
  queue: AnyQueue,
  id: string,
  state: JobState,
  timeout = 20_000,
): Promise<AnyJob> {
  let last: string | undefined;
  await until(
    async () => {
      last = await queue.getJobState(id);
      return last === state;
    },
    { timeout, every: 10, what: `job ${id} in ${queue.name} in state ${state}` },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; it is ${last}`, { cause: error });
  });
  return await readJob(queue, id);
}

export async function readJob(queue: AnyQueue, id: string): Promise<AnyJob> {
  const job = await queue.getJob(id);
  if (!job) throw new Error(`no job ${id} in ${queue.name}`);
  return job as AnyJob;
}

/** Collects items, and waits until there are `n`. */
export const createCollector = <T>(): {
  all: T[];
  /** When each was added, in milliseconds of `performance.now()`. */
  times: number[];
  add(item: T): void;
  atLeast(n: number, timeout?: number): Promise<T[]>;
} => {
  const all: T[] = [];
  const times: number[] = [];
  return {
    all,
    times,
    add: (item) => {
      all.push(item);
      times.push(performance.now());
    },
    atLeast: async (n, timeout = 20_000) => {
      await until(() => all.length >= n, {
        timeout,
        every: 5,
        what: `${n} of them (there are ${all.length})`,
      });
      return all;
    },
  };
};
