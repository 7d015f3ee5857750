import { latch } from '@darkroom/testkit';
import type { JobType } from 'bullmq';
import { expect, test } from 'vitest';
import { type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

/** What Darkroom concludes from one cheap read of a job or of a queue. */
export function testJobFacts(harness: EngineHarness): void {
  test('a finished job is completed when it has a return value and failed otherwise, until it is retried', async () => {
    const queue = harness.queue();
    const again = latch();
    await harness.worker(
      queue,
      async (job) => {
        if (job.data.bad) throw new Error('refused');
        if (job.attemptsMade > 0) await again.wait();
        return { outcome: 'stored' };
      },
      { concurrency: 2 },
    );
    await queue.add('store', {}, { jobId: 'good', attempts: 1 });
    await queue.add('store', { bad: true }, { jobId: 'bad', attempts: 1 });
    const good = await waitForState(queue, 'good', 'completed');
    expect([good.finishedOn, good.returnvalue]).toEqual([expect.any(Number), { outcome: 'stored' }]);
    const bad = await waitForState(queue, 'bad', 'failed');
    expect([bad.finishedOn, bad.returnvalue]).toEqual([expect.any(Number), null]);

    await bad.updateData({});
    await bad.retry('failed');
    await good.retry('completed');
    for (const id of ['good', 'bad']) {
      await waitForState(queue, id, 'active');
      expect((await readJob(queue, id)).finishedOn).toBeUndefined();
    }
    again.open();
    for (const id of ['good', 'bad'])
      expect((await waitForState(queue, id, 'completed')).returnvalue).toEqual({ outcome: 'stored' });

    // A job that was completed before and fails now keeps no return value.
    await (await readJob(queue, 'good')).updateData({ bad: true });
    await (await readJob(queue, 'good')).retry('completed');
    expect((await waitForState(queue, 'good', 'failed')).returnvalue).toBeNull();
  });

  test('a job without a worker is counted from add() to remove(), paused or not', async () => {
    const queue = harness.queue();
    // In a paused queue, one engine counts jobs as waiting and the other as paused. BullMQ's types lack `paused`.
    const types = ['waiting', 'paused'] as JobType[];
    const waiting = () => queue.getJobCountByTypes(...types);
    expect(await waiting()).toBe(0);
    await queue.add('cancel', {}, { jobId: 'r.1' });
    expect(await waiting()).toBe(1);
    await queue.pause();
    expect(await waiting()).toBe(1);
    await queue.add('cancel', {}, { jobId: 'r.2' });
    expect(await waiting()).toBe(2);
    await queue.remove('r.1');
    await queue.resume();
    expect(await waiting()).toBe(1);
    await queue.remove('r.2');
    expect(await waiting()).toBe(0);
  });
}
