import { QUEUE } from '@darkroom/shared/queues';
import { type Checkpoint, storeJobId, submitJobId } from '@darkroom/shared/render';
import { DelayedError, type Job, type JobsOptions, Queue, WaitingChildrenError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { SkeletonOptions } from '../skeleton-options.ts';
import type { SkeletonIo, Task } from './skeleton-io.ts';

interface Plan extends Checkpoint {
  next?: 'poll' | 'finish';
  polls?: number;
  task?: Task;
}

/** Equal to Darkroom's defaults: the bench compares the work, not the settings. */
const CONCURRENCY = { render: 100, submit: 50, store: 8 };
const CHILD: JobsOptions = { priority: 10, removeOnComplete: { age: 3600, count: 5000 } };

/** Starts the three workers. @returns a function that closes them. */
export async function startSkeletonWorkers(url: string, options: SkeletonOptions, io: SkeletonIo) {
  const { prefix, polls, pollDelayMs } = options;
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const shared = { connection, prefix };
  const submits = new Queue(QUEUE.submit, shared);
  const stores = new Queue(QUEUE.store, shared);

  const render = async (job: Job<Plan>, token?: string) => {
    const { renderId, attempt } = job.data;
    const child = { ...CHILD, parent: { id: job.id as string, queue: job.queueQualifiedName } };
    const save = (plan: Partial<Plan>) => job.updateData({ ...job.data, ...plan });
    const waitForChild = async () => {
      if (await job.moveToWaitingChildren(token as string)) throw new WaitingChildrenError();
    };
    if (!job.data.next) {
      const data = { renderId, request: job.data.request };
      await submits.add('submit', data, { ...child, jobId: submitJobId(renderId, attempt) });
      await save({ next: 'poll', polls: 0 });
      await waitForChild();
    }
    if (job.data.next === 'poll') {
      const { polls: done = 0 } = job.data;
      const task = job.data.task ?? (await readChildValue<Task>(job));
      if (done > 0) await io.poll(renderId, task, done === polls);
      if (done < polls) {
        await save({ polls: done + 1, task });
        await job.moveToDelayed(Date.now() + pollDelayMs, token);
        throw new DelayedError();
      }
      await stores.add('store', { renderId, task }, { ...child, jobId: storeJobId(renderId, attempt) });
      await save({ next: 'finish' });
      await waitForChild();
    }
    const image = await readChildValue<{ key: string }>(job, '.t');
    await io.finish(job.data, image);
    return { image };
  };

  const workers = [
    new Worker<Plan>(QUEUE.render, render, { ...shared, concurrency: CONCURRENCY.render }),
    new Worker(QUEUE.submit, (job: Job) => io.submit(job.data.renderId, job.data.request), {
      ...shared,
      concurrency: CONCURRENCY.submit,
      // Part of the topology, but the limit is never reached.
      limiter: { max: 100_000, duration: 1000 },
    }),
    new Worker(QUEUE.store, (job: Job) => io.store(job.data.renderId, job.data.task), {
      ...shared,
      concurrency: CONCURRENCY.store,
    }),
  ];
  for (const worker of workers) worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all([submits.close(), stores.close()]);
    connection.disconnect();
  };
}

/** Reads the return value of the child whose id contains `mark`. */
async function readChildValue<T>(job: Job, mark = '.s'): Promise<T> {
  const values = await job.getChildrenValues<T>();
  const [, value] = Object.entries(values).find(([key]) => key.includes(mark)) ?? [];
  return value as T;
}
