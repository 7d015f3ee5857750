import { cleanup, latch, until } from '@darkroom/testkit';
import type { Job, JobState, Queue, QueueEvents, Worker } from 'bullmq';
import { withTimeout } from '../../src/engine/errors.ts';
import type { Engine, EngineQueueOptions, EngineWorkerOptions, Processor } from '../../src/engine/index.ts';

/** biome-ignore lint/suspicious/noExplicitAny: tests put into jobs what they like */
export type Any = any;
export type AnyQueue = Queue<Any, Any>;
export type AnyJob = Job<Any, Any>;

/** What a guarantee is tried on: an engine, with names that no other test uses. */
export interface EngineHarness {
  engine(): Engine;
  queue(name?: string, options?: EngineQueueOptions): AnyQueue;
  /** Closed when the test is over, without waiting for what it has in hand. */
  worker(
    queue: AnyQueue,
    processor: Processor<Any, Any>,
    options?: EngineWorkerOptions,
  ): Promise<Worker<Any, Any>>;
  /** Told of all that happens from now on. */
  events(queue: AnyQueue): Promise<QueueEvents>;
}

export function createEngineHarness(engine: () => Engine): EngineHarness {
  let count = 0;
  return {
    engine,
    queue: (name = 'render', options) => engine().queue(`${name}-${++count}`, options),
    async worker(queue, processor, options) {
      const worker = engine().worker<Any, Any>(queue.name, processor, options);
      // With Redis away it would never end.
      cleanup(() => withTimeout(2_000, 'close', worker.close(true)).catch(() => undefined));
      await worker.waitUntilReady();
      return worker;
    },
    async events(queue) {
      const events = engine().events(queue.name);
      cleanup(() => withTimeout(2_000, 'close', events.close()).catch(() => undefined));
      await events.waitUntilReady();
      // It reads what comes after its first look, and that comes some time after it is ready.
      const heard = latch();
      events.once('heard' as 'added', () => heard.open());
      await until(async () => {
        await queue.getBackend().publishEvent({ event: 'heard', jobId: 'nobody' } as never, 1_000);
        return heard.opened;
      });
      return events;
    },
  };
}

/** Waits until the job is in the state, and returns it as it is stored then. */
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

/** Collects what happens, and waits for the n-th. */
export const createCollector = <T>(): {
  all: T[];
  add(item: T): void;
  atLeast(n: number, timeout?: number): Promise<T[]>;
} => {
  const all: T[] = [];
  return {
    all,
    add: (item) => void all.push(item),
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
