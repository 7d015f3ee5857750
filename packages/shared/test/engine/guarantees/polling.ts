import { latch } from '@darkroom/testkit';
import { DelayedError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testPolling(harness: EngineHarness): void {
  test('polls cost no attempt, and each poll reads the data that the one before wrote', async () => {
    const queue = harness.queue();
    const seen = createCollector<{ polls: number; attemptsMade: number }>();
    await harness.worker(queue, async (job, token) => {
      seen.add({ polls: job.data.polls, attemptsMade: job.attemptsMade });
      if (job.data.polls === 12) return 'image';
      await job.updateData({ polls: job.data.polls + 1 });
      await job.moveToDelayed(Date.now() + 20, token);
      throw new DelayedError();
    });
    await queue.add('render', { polls: 0 }, { jobId: 'r.1', attempts: 1 });
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(seen.all).toEqual(Array.from({ length: 13 }, (_, polls) => ({ polls, attemptsMade: 0 })));
    expect(job.returnvalue).toBe('image');
    expect(job.data).toEqual({ polls: 12 });
  });

  test('a job keeps its priority over a poll', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async (job, token) => {
      if (job.data.again) {
        await job.updateData({ again: false });
        await job.moveToDelayed(Date.now() + 20, token);
        throw new DelayedError();
      }
    });
    await queue.add('render', { again: true }, { jobId: 'r.1', priority: 5 });
    expect((await waitForState(queue, 'r.1', 'completed')).priority).toBe(5);
  });

  test('a worker runs other jobs while one waits for its next poll', async () => {
    const queue = harness.queue();
    const ran = createCollector<string>();
    await harness.worker(queue, async (job, token) => {
      ran.add(job.id ?? '');
      if (job.id !== 'slow' || job.data.polled) return;
      await job.updateData({ polled: true });
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      throw new DelayedError();
    });
    await queue.add('render', {}, { jobId: 'slow' });
    const waiting = await waitForState(queue, 'slow', 'delayed');
    await queue.add('render', {}, { jobId: 'quick' });
    await ran.atLeast(2);
    await waiting.promote();
    await ran.atLeast(3);
    expect(ran.all).toEqual(['slow', 'quick', 'slow']);
  });

  test('a promoted poll runs at once', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async (job, token) => {
      if (job.data.polled) return 'image';
      await job.updateData({ polled: true });
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      throw new DelayedError();
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    await (await waitForState(queue, 'r.1', 'delayed')).promote();
    expect((await waitForState(queue, 'r.1', 'completed')).returnvalue).toBe('image');
  });

  test('worker.cancelJob() aborts the signal of a running processor', async () => {
    const queue = harness.queue();
    const running = latch();
    const aborted = latch<unknown>();
    const worker = await harness.worker(queue, async (_job, _token, signal) => {
      running.open();
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => {
        aborted.open(signal.reason);
        reject(new Error('stopped'));
      });
      return await promise;
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    await running.wait();
    expect(worker.cancelJob('r.1', 'canceled by its owner')).toBe(true);
    expect(String(await aborted.wait())).toContain('canceled by its owner');
    expect((await waitForState(queue, 'r.1', 'failed')).failedReason).toBe('stopped');
    expect(worker.cancelJob('unknown')).toBe(false);
    expect((await readJob(queue, 'r.1')).attemptsMade).toBe(1);
  });
}
