import { QUEUE } from '@darkroom/shared/queues';
import { type Checkpoint, storeJobId, submitJobId } from '@darkroom/shared/render';
import { DelayedError, type Job, type JobsOptions, Queue, WaitingChildrenError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Extras, Task } from './skeleton-io.ts';
import type { SkeletonOptions } from './options.ts';

interface Plan extends Checkpoint {
  next?: 'poll' | 'finish';
  polls?: number;
  task?: Task;
}

/** The same as Darkroom's defaults: what is compared is the work, not the settings. */
const CONCURRENCY = { render: 100, submit: 50, store: 8 };
const CHILD: JobsOptions = { priority: 10, removeOnComplete: { age: 3600, count: 5000 } };

/** Starts the three workers; answers how to end them. */
export async function runSkeleton(url: string, options: SkeletonOptions, extras: Extras) {
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
      const task = job.data.task ?? (await valueOf<Task>(job));
      if (done > 0) await extras.look(renderId, task, done === polls);
      if (done < polls) {
        await save({ polls: done + 1, task });
        await job.moveToDelayed(Date.now() + pollDelayMs, token);
        throw new DelayedError();
      }
      await stores.add('store', { renderId, task }, { ...child, jobId: storeJobId(renderId, attempt) });
      await save({ next: 'finish' });
      await waitForChild();
    }
    const image = await valueOf<{ key: string }>(job, '.t');
    await extras.finish(job.data, image);
    return { image };
  };

  const workers = [
    new Worker<Plan>(QUEUE.render, render, { ...shared, concurrency: CONCURRENCY.render }),
    new Worker(QUEUE.submit, (job: Job) => extras.submit(job.data.renderId, job.data.request), {
      ...shared,
      concurrency: CONCURRENCY.submit,
      // Part of the topology, but never reached.
      limiter: { max: 100_000, duration: 1000 },
    }),
    new Worker(QUEUE.store, (job: Job) => extras.store(job.data.renderId, job.data.task), {
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

/** What a child returned; the one whose id holds `mark`. */
async function valueOf<T>(job: Job, mark = '.s'): Promise<T> {
  const values = await job.getChildrenValues<T>();
  const [, value] = Object.entries(values).find(([key]) => key.includes(mark)) ?? [];
  return value as T;
}
