import { latch } from '@darkroom/testkit';
import { DelayedError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testPolling(bench: EngineHarness): void {
  test('polls cost no attempt, and each sees what the one before wrote', async () => {
    const queue = bench.queue();
    const seen = createCollector<{ polls: number; attemptsMade: number }>();
    await bench.worker(queue, async (job, token) => {
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

  test('a poll keeps its priority', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async (job, token) => {
      if (job.data.again) {
        await job.updateData({ again: false });
        await job.moveToDelayed(Date.now() + 20, token);
        throw new DelayedError();
      }
    });
    await queue.add('render', { again: true }, { jobId: 'r.1', priority: 5 });
    expect((await waitForState(queue, 'r.1', 'completed')).priority).toBe(5);
  });

  test('a worker has other jobs in hand while one waits for its next poll', async () => {
    const queue = bench.queue();
    const ran = createCollector<string>();
    await bench.worker(queue, async (job, token) => {
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

  test('a waiting poll is promoted and runs at once', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async (job, token) => {
      if (job.data.polled) return 'image';
      await job.updateData({ polled: true });
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      throw new DelayedError();
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    await (await waitForState(queue, 'r.1', 'delayed')).promote();
    expect((await waitForState(queue, 'r.1', 'completed')).returnvalue).toBe('image');
  });

  test('a running processor is told to stop by the signal of worker.cancelJob', async () => {
    const queue = bench.queue();
    const running = latch();
    const told = latch<unknown>();
    const worker = await bench.worker(queue, async (_job, _token, signal) => {
      running.open();
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => {
        told.open(signal.reason);
        reject(new Error('stopped'));
      });
      return await promise;
    });
    await queue.add('render', {}, { jobId: 'r.1' });
    await running.wait();
    expect(worker.cancelJob('r.1', 'canceled by its owner')).toBe(true);
    expect(String(await told.wait())).toContain('canceled by its owner');
    expect((await waitForState(queue, 'r.1', 'failed')).failedReason).toBe('stopped');
    expect(worker.cancelJob('nobody')).toBe(false);
    expect((await readJob(queue, 'r.1')).attemptsMade).toBe(1);
  });
}
