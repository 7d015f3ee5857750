import { until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testFailing(harness: EngineHarness): void {
  test('the backoff strategy of the worker delays attempts, and gets attempt, error and job', async () => {
    const queue = harness.queue();
    const calls = createCollector<string>();
    const ran = createCollector<number>();
    await harness.worker(
      queue,
      async (job) => {
        ran.add(Date.now());
        if (job.attemptsMade < 2) throw new Error(`no channel ${job.attemptsMade}`);
        return 'ok';
      },
      {
        settings: {
          backoffStrategy: (attemptsMade, type, error, job) => {
            calls.add(`${attemptsMade} ${type} ${error?.message} ${job?.id}`);
            return 150;
          },
        },
      },
    );
    await queue.add('submit', {}, { jobId: 's.1', attempts: 3, backoff: { type: 'darkroom' } });
    const job = await waitForState(queue, 's.1', 'completed');
    expect(calls.all).toEqual(['1 darkroom no channel 0 s.1', '2 darkroom no channel 1 s.1']);
    const [first = 0, second = 0, third = 0] = ran.all;
    expect(Math.min(second - first, third - second)).toBeGreaterThanOrEqual(145);
    expect(job.attemptsMade).toBe(3);
  });

  test('an error in the only attempt fails the job and counts as an attempt', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async (job) => {
      await job.updateData({ step: 'store' });
      throw new Error('bucket is gone');
    });
    await queue.add('store', { step: 'new' }, { jobId: 't.1', attempts: 1 });
    const job = await waitForState(queue, 't.1', 'failed');
    expect(job).toMatchObject({ failedReason: 'bucket is gone', attemptsMade: 1, data: { step: 'store' } });
    expect(job.finishedOn).toBeGreaterThan(0);
    expect(job.stacktrace?.[0]).toContain('bucket is gone');
  });

  test('an UnrecoverableError fails the job at once, also when attempts are left', async () => {
    const queue = harness.queue();
    const ran = createCollector<string>();
    await harness.worker(queue, async (job) => {
      ran.add(job.id ?? '');
      throw new UnrecoverableError('invalid_request');
    });
    await queue.add('submit', {}, { jobId: 's.1', attempts: 5 });
    const job = await waitForState(queue, 's.1', 'failed');
    expect(job).toMatchObject({ failedReason: 'invalid_request', attemptsMade: 1 });
    expect(ran.all).toEqual(['s.1']);
  });

  test('only the final failure sets finishedOn, not an attempt before another one', async () => {
    const queue = harness.queue();
    const ended = createCollector<boolean>();
    const worker = await harness.worker(queue, async () => {
      throw new Error('again');
    });
    worker.on('failed', (job) => ended.add(job?.finishedOn !== undefined));
    await queue.add('submit', {}, { jobId: 's.1', attempts: 2 });
    await waitForState(queue, 's.1', 'failed');
    await ended.atLeast(2);
    expect(ended.all).toEqual([false, true]);
  });

  test('a retry of a failed job starts from its checkpoint and continues the count of attempts', async () => {
    const queue = harness.queue();
    const seen = createCollector<unknown>();
    await harness.worker(queue, async (job) => {
      seen.add({ step: job.data.step, attemptsMade: job.attemptsMade });
      if (job.data.step === 'store' && job.attemptsMade > 0) return 'image';
      await job.updateData({ step: 'store' });
      throw new Error('bucket is gone');
    });
    await queue.add('render', { step: 'submit' }, { jobId: 'r.1', attempts: 1 });
    await (await waitForState(queue, 'r.1', 'failed')).retry('failed');
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(seen.all).toEqual([
      { step: 'submit', attemptsMade: 0 },
      { step: 'store', attemptsMade: 1 },
    ]);
    expect(job.attemptsMade).toBe(2);
    expect(job.failedReason ?? '').toBe('');
  });

  test('retry() rejects for a job that has not failed', async () => {
    const queue = harness.queue();
    await queue.add('render', {}, { jobId: 'r.1' });
    await expect((await readJob(queue, 'r.1')).retry('failed')).rejects.toThrow();
  });

  test('the job of a lost worker runs again, which counts as a stall and not as an attempt', async () => {
    const queue = harness.queue();
    const ran = createCollector<unknown>();
    const quick = { stalledInterval: 200 };
    const first = await harness.worker(
      queue,
      async (job) => {
        ran.add(job.data);
        await job.updateData({ step: 'poll' });
        await new Promise(() => {});
      },
      { lockDuration: 500, skipLockRenewal: true, skipStalledCheck: true },
    );
    await queue.add('render', { step: 'submit' }, { jobId: 'r.1', attempts: 1 });
    await ran.atLeast(1);
    await until(async () => (await readJob(queue, 'r.1')).data.step === 'poll');
    await first.close(true);
    const stalled = createCollector<string>();
    const second = await harness.worker(
      queue,
      async (job) => {
        ran.add({ ...job.data, attemptsMade: job.attemptsMade, stalled: job.stalledCounter });
        return 'image';
      },
      quick,
    );
    second.on('stalled', (id) => stalled.add(id));
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(ran.all).toEqual([{ step: 'submit' }, { step: 'poll', attemptsMade: 0, stalled: 1 }]);
    expect(job.attemptsMade).toBe(1);
    expect(stalled.all).toEqual(['r.1']);
  });
}
