import { latch, until } from '@darkroom/testkit';
import { DelayedError, type Job, type JobsOptions, RateLimitError, WaitingChildrenError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import {
  type Any,
  type AnyJob,
  type AnyQueue,
  createCollector,
  type EngineHarness,
  readJob,
  waitForState,
} from '../../support/engine-harness.ts';

/** Finds the jobs of a lost worker quickly. */
const quick = { stalledInterval: 200 };

export function testChildren(harness: EngineHarness): void {
  const createQueues = () => ({ renders: harness.queue('render'), submits: harness.queue('submit') });

  test('a parent runs again with the return value when its child completes, and its attempts do not change', async () => {
    const { renders, submits } = createQueues();
    const runs = createCollector<number>();
    await harness.worker(renders, async (job, token) => {
      runs.add(job.attemptsMade);
      return await runChild(submits, 'r.1.s1', job, token);
    });
    await harness.worker(submits, async () => ({ task: 't1' }));
    await renders.add('render', { step: 'submit' }, { jobId: 'r.1', attempts: 1 });
    const job = await waitForState(renders, 'r.1', 'completed');
    expect(job.returnvalue).toEqual({ state: 'completed', value: { task: 't1' } });
    expect(runs.all).toEqual([0, 0]);
    expect(await job.getChildrenValues()).toEqual({
      [`${submits.qualifiedName}:r.1.s1`]: { task: 't1' },
    });
  });

  test('a parent is in waiting-children while its child is pending', async () => {
    const { renders, submits } = createQueues();
    await harness.worker(renders, (job, token) => runChild(submits, 'r.1.s1', job, token));
    await renders.add('render', {}, { jobId: 'r.1' });
    await waitForState(renders, 'r.1', 'waiting-children');
    expect((await renders.getJobCounts())['waiting-children']).toBe(1);
    await harness.worker(submits, async () => 'late');
    expect((await waitForState(renders, 'r.1', 'completed')).returnvalue).toEqual({
      state: 'completed',
      value: 'late',
    });
  });

  test('a parent runs again when its child fails, and can read the reason', async () => {
    const { renders, submits } = createQueues();
    const runs = createCollector<number>();
    await harness.worker(renders, async (job, token) => {
      runs.add(job.attemptsMade);
      return await runChild(submits, 'r.1.s1', job, token);
    });
    await harness.worker(submits, async () => {
      throw new Error('no channel');
    });
    await renders.add('render', {}, { jobId: 'r.1', attempts: 1 });
    const job = await waitForState(renders, 'r.1', 'completed');
    expect(job.returnvalue).toEqual({ state: 'failed', value: 'no channel' });
    expect(runs.all).toEqual([0, 0]);
  });

  test('a child with several attempts wakes its parent once, at its end', async () => {
    const { renders, submits } = createQueues();
    const runs = createCollector<string>();
    await harness.worker(renders, async (job, token) => {
      runs.add('parent');
      return await runChild(submits, 'r.1.s1', job, token, { attempts: 3 });
    });
    await harness.worker(submits, async (job) => {
      runs.add('child');
      if (job.attemptsMade < 2) throw new Error('again');
      return 'bought';
    });
    await renders.add('render', {}, { jobId: 'r.1' });
    await waitForState(renders, 'r.1', 'completed');
    expect(runs.all).toEqual(['parent', 'child', 'child', 'child', 'parent']);
  });

  describe('a parent whose worker died after it added the child and before it waited', () => {
    test('the parent waits while the child is pending', async () => {
      const { renders, submits } = createQueues();
      await dieAfterAdding(harness, renders, submits);
      await harness.worker(renders, (job, token) => runChild(submits, 'r.1.s1', job, token), quick);
      await waitForState(renders, 'r.1', 'waiting-children');
      const runs = createCollector<string>();
      await harness.worker(submits, async () => {
        runs.add('child');
        return 'bought';
      });
      const job = await waitForState(renders, 'r.1', 'completed');
      expect(job.returnvalue).toEqual({ state: 'completed', value: 'bought' });
      expect(runs.all).toEqual(['child']);
    });

    test('the parent continues at once when the child is completed', async () => {
      const { renders, submits } = createQueues();
      const runs = createCollector<string>();
      await dieAfterAdding(harness, renders, submits);
      await harness.worker(submits, async () => {
        runs.add('child');
        return 'bought';
      });
      await waitForState(submits, 'r.1.s1', 'completed');
      await harness.worker(renders, (job, token) => runChild(submits, 'r.1.s1', job, token), quick);
      const job = await waitForState(renders, 'r.1', 'completed');
      expect(job.returnvalue).toEqual({ state: 'completed', value: 'bought' });
      expect(runs.all).toEqual(['child']);
    });

    test('the parent continues at once when the child has failed', async () => {
      const { renders, submits } = createQueues();
      const runs = createCollector<string>();
      await dieAfterAdding(harness, renders, submits);
      await harness.worker(submits, async () => {
        runs.add('child');
        throw new Error('refused');
      });
      await waitForState(submits, 'r.1.s1', 'failed');
      await harness.worker(renders, (job, token) => runChild(submits, 'r.1.s1', job, token), quick);
      const job = await waitForState(renders, 'r.1', 'completed');
      expect(job.returnvalue).toEqual({ state: 'failed', value: 'refused' });
      expect(runs.all).toEqual(['child']);
    });
  });

  test('a completed child that is added again does not run again, and its parent continues', async () => {
    const { renders, submits } = createQueues();
    const runs = createCollector<string>();
    await dieAfterAdding(harness, renders, submits);
    await harness.worker(submits, async () => {
      runs.add('child');
      return 'bought';
    });
    await waitForState(submits, 'r.1.s1', 'completed');
    await harness.worker(renders, (job, token) => runChildUnchecked(submits, 'r.1.s1', job, token), quick);
    const job = await waitForState(renders, 'r.1', 'completed');
    expect(job.returnvalue).toEqual({ state: 'completed', value: 'bought' });
    expect(runs.all).toEqual(['child']);
  });

  // The reason why `runChild` reads before it adds. If this test fails after an update of BullMQ, remove that read.
  test('a failed child that is added again blocks its parent permanently on Redis', async () => {
    const { renders, submits } = createQueues();
    await dieAfterAdding(harness, renders, submits);
    await harness.worker(submits, async () => {
      throw new Error('refused');
    });
    await waitForState(submits, 'r.1.s1', 'failed');
    await harness.worker(renders, (job, token) => runChildUnchecked(submits, 'r.1.s1', job, token), quick);
    if (harness.engine().kind === 'pglite') {
      await waitForState(renders, 'r.1', 'completed');
    } else {
      const job = await waitForState(renders, 'r.1', 'waiting-children');
      expect(await job.getDependenciesCount()).toMatchObject({ unprocessed: 1 });
    }
  });

  test('a retried parent can wait for a new child', async () => {
    const { renders, submits } = createQueues();
    await harness.worker(submits, async (job) => {
      if (job.id === 'r.1.s1') throw new Error('refused');
      return 'bought';
    });
    await harness.worker(renders, async (job, token) => {
      const result = await runChild(submits, `r.1.s${job.data.attempt}`, job, token);
      if (result.state === 'completed') return result.value;
      await job.updateData({ attempt: job.data.attempt + 1 });
      throw new Error(result.value);
    });
    await renders.add('render', { attempt: 1 }, { jobId: 'r.1', attempts: 1 });
    const failed = await waitForState(renders, 'r.1', 'failed');
    expect(failed.failedReason).toBe('refused');
    await failed.retry('failed');
    const job = await waitForState(renders, 'r.1', 'completed');
    expect(job.returnvalue).toBe('bought');
    expect(job.data).toEqual({ attempt: 2 });
  });

  test('a retried parent can wait for the same child again after that child was removed', async () => {
    const { renders, submits } = createQueues();
    let bucket = 'gone';
    await harness.worker(submits, async () => {
      if (bucket === 'gone') throw new Error('bucket is gone');
      return 'stored';
    });
    await harness.worker(renders, async (job, token) => {
      const result = await runChild(submits, 'r.1.t1', job, token);
      if (result.state === 'completed') return result.value;
      await job.updateData({ step: 'store' });
      throw new Error(result.value);
    });
    await renders.add('render', { step: 'new' }, { jobId: 'r.1', attempts: 1 });
    const failed = await waitForState(renders, 'r.1', 'failed');
    bucket = 'back';
    await (await readJob(submits, 'r.1.t1')).remove();
    await failed.retry('failed');
    const job = await waitForState(renders, 'r.1', 'completed');
    expect(job.returnvalue).toBe('stored');
    expect(job.data).toEqual({ step: 'store' });
  });

  test('a retried parent runs again when the same child, which was detached and removed, fails again', async () => {
    const { renders, submits } = createQueues();
    await harness.worker(submits, () => Promise.reject(new Error('bucket is gone')));
    await harness.worker(renders, async (job, token) => {
      const result = await runChild(submits, 'r.1.t1', job, token);
      throw new Error(result.value);
    });
    await renders.add('render', { step: 'new' }, { jobId: 'r.1', attempts: 1 });
    const failed = await waitForState(renders, 'r.1', 'failed');
    const child = await readJob(submits, 'r.1.t1');
    // Without it, a child on the embedded engine would never wake its parent again.
    await child.removeChildDependency();
    await child.remove();
    await failed.retry('failed');
    await until(async () => (await readJob(renders, 'r.1')).attemptsMade === 2);
    expect(await renders.getJobState('r.1')).toBe('failed');
  });

  // `wakeRender` relies on this.
  describe('a parent continues when its waiting child is removed', () => {
    const cases: Record<string, (submits: AnyQueue) => Promise<unknown>> = {
      'while it waits': async () => undefined,
      'while its queue is paused': (submits) => submits.pause(),
      'while it is delayed': async (submits) => {
        await harness.worker(submits, async (child, token) => {
          await child.moveToDelayed(Date.now() + 3_600_000, token);
          throw new DelayedError();
        });
        await waitForState(submits, 'r.1.s1', 'delayed');
      },
      'while it waits for another try': async (submits) => {
        await harness.worker(submits, () => Promise.reject(new Error('again')));
        await waitForState(submits, 'r.1.s1', 'delayed');
      },
      'while its queue is rate limited': async (submits) => {
        const tried = latch();
        await harness.worker(
          submits,
          async () => {
            await submits.rateLimit(3_600_000);
            tried.open();
            throw new RateLimitError();
          },
          { limiter: { max: 1, duration: 1000 } },
        );
        await tried.wait();
        await until(async () => (await submits.getJobState('r.1.s1')) !== 'active');
      },
    };

    test.for(Object.entries(cases))('the child is removed %s', async ([, hold]) => {
      const { renders, submits } = createQueues();
      await renders.add('render', {}, { jobId: 'r.1', attempts: 1, priority: 10 });
      const runs = createCollector<string>();
      await harness.worker(renders, async (job, token) => {
        runs.add(job.data.canceled ? 'canceled' : 'parent');
        if (job.data.canceled) return 'canceled';
        const options = { attempts: 3, priority: 10, backoff: 3_600_000 };
        await job.updateData({ canceled: true });
        return await runChild(submits, 'r.1.s1', job, token, options);
      });
      await waitForState(renders, 'r.1', 'waiting-children');
      await hold(submits);
      expect(await submits.remove('r.1.s1')).toBe(1);
      expect((await waitForState(renders, 'r.1', 'completed')).returnvalue).toBe('canceled');
      expect(runs.all).toEqual(['parent', 'canceled']);
      expect(await submits.getJob('r.1.s1')).toBeUndefined();
    });

    test('an active child cannot be removed, and its parent waits for it', async () => {
      const { renders, submits } = createQueues();
      const running = latch();
      const end = latch();
      await harness.worker(renders, (job, token) => runChild(submits, 'r.1.s1', job, token));
      await harness.worker(submits, async () => {
        running.open();
        await end.wait();
        return 'bought';
      });
      await renders.add('render', {}, { jobId: 'r.1', attempts: 1 });
      await running.wait();
      expect(await submits.remove('r.1.s1')).toBe(0);
      await waitForState(renders, 'r.1', 'waiting-children');
      end.open();
      const job = await waitForState(renders, 'r.1', 'completed');
      expect(job.returnvalue).toEqual({ state: 'completed', value: 'bought' });
    });

    test('a parent that does not wait yet continues at once', async () => {
      const { renders, submits } = createQueues();
      await submits.pause();
      await harness.worker(renders, async (job, token) => {
        await addChild(submits, 'r.1.s1', job);
        expect(await submits.remove('r.1.s1')).toBe(1);
        if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
        return 'went on';
      });
      await renders.add('render', {}, { jobId: 'r.1', attempts: 1 });
      expect((await waitForState(renders, 'r.1', 'completed')).returnvalue).toBe('went on');
    });
  });

  test('a parent of two children runs again at the first failure, and can wait for the other child', async () => {
    const { renders, submits } = createQueues();
    const runs = createCollector<string>();
    await harness.worker(renders, async (job, token) => {
      runs.add('parent');
      for (const id of ['a', 'b']) if (!(await submits.getJob(id))) await addChild(submits, id, job);
      if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
      return 'both';
    });
    await renders.add('render', {}, { jobId: 'r.1' });
    await waitForState(renders, 'r.1', 'waiting-children');
    await harness.worker(submits, async (job) => {
      if (job.id === 'a') throw new Error('refused');
      await until(
        async () => runs.all.length >= 2 && (await renders.getJobState('r.1')) === 'waiting-children',
      );
      return 'ok';
    });
    await waitForState(renders, 'r.1', 'completed');
    expect(runs.all.length).toBe(3);
  });
}

interface Result {
  state: string;
  value: Any;
}

/**
 * Runs a child as the worker does: makes sure that it exists, waits while it is pending, and reads its result. It reads
 * before it adds, because on Redis a failed child that is added again stays pending permanently.
 */
async function runChild(
  queue: AnyQueue,
  id: string,
  job: Job,
  token: string,
  options: Pick<JobsOptions, 'attempts' | 'backoff' | 'priority'> = {},
): Promise<Result> {
  if (!(await queue.getJob(id))) await addChild(queue, id, job, options);
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
  return await readResult(queue, id);
}

async function runChildUnchecked(queue: AnyQueue, id: string, job: Job, token: string): Promise<Result> {
  await addChild(queue, id, job);
  if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
  return await readResult(queue, id);
}

async function addChild(
  queue: AnyQueue,
  id: string,
  job: Job,
  options: Pick<JobsOptions, 'attempts' | 'backoff' | 'priority'> = {},
): Promise<void> {
  await queue.add(
    'child',
    {},
    {
      attempts: 1,
      ...options,
      jobId: id,
      parent: { id: job.id as string, queue: job.queueQualifiedName },
      continueParentOnFailure: true,
    },
  );
}

async function readResult(queue: AnyQueue, id: string): Promise<Result> {
  const child: AnyJob = await readJob(queue, id);
  const state = await child.getState();
  return { state, value: state === 'failed' ? child.failedReason : child.returnvalue };
}

/** Leaves `r.1` active in a lost worker, after its child `r.1.s1` was added. */
async function dieAfterAdding(harness: EngineHarness, renders: AnyQueue, submits: AnyQueue): Promise<void> {
  const added = createCollector<string>();
  const worker = await harness.worker(
    renders,
    async (job) => {
      await addChild(submits, 'r.1.s1', job);
      added.add('child');
      return await new Promise(() => {});
    },
    { lockDuration: 500, skipLockRenewal: true, skipStalledCheck: true },
  );
  await renders.add('render', {}, { jobId: 'r.1', attempts: 1 });
  await added.atLeast(1);
  await worker.close(true);
}
