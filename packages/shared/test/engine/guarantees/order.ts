import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testOrder(harness: EngineHarness): void {
  test('jobs with a lower priority number run first, and jobs with the same priority run in order', async () => {
    const queue = harness.queue();
    const add = (jobId: string, priority: number) => queue.add('render', {}, { jobId, priority });
    for (const [id, priority] of [
      ['c1', 10],
      ['b1', 2],
      ['a1', 1],
      ['c2', 10],
      ['b2', 2],
      ['a2', 1],
    ] as const) {
      await add(id, priority);
    }
    const ran = createCollector<string>();
    await harness.worker(queue, async (job) => ran.add(job.id ?? ''));
    await ran.atLeast(6);
    expect(ran.all).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  test('priorities hold within one addBulk()', async () => {
    const queue = harness.queue();
    await queue.addBulk(
      [3, 1, 2].map((priority) => ({ name: 'render', data: {}, opts: { jobId: `p${priority}`, priority } })),
    );
    const ran = createCollector<string>();
    await harness.worker(queue, async (job) => ran.add(job.id ?? ''));
    await ran.atLeast(3);
    expect(ran.all).toEqual(['p1', 'p2', 'p3']);
  });

  test('a delayed job runs soon after it is due, and not before', async () => {
    const queue = harness.queue();
    const ran = createCollector<number>();
    // A worker that only reads the queue after drainDelay would be a minute late.
    await harness.worker(queue, async () => ran.add(Date.now()), { drainDelay: 60 });
    const due = Date.now() + 400;
    await queue.add('render', {}, { jobId: 'later', delay: 400 });
    const [at = 0] = await ran.atLeast(1);
    expect(at).toBeGreaterThanOrEqual(due - 5);
    expect(at - due).toBeLessThan(15_000);
  });

  test('a promoted job runs at once, also when it was due in an hour', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async () => 'ran');
    await queue.add('render', {}, { jobId: 'later', delay: 3_600_000 });
    await (await readJob(queue, 'later')).promote();
    await waitForState(queue, 'later', 'completed');
  });

  test('a paused queue starts no job, also not one that becomes due; a resumed queue starts all of them', async () => {
    const queue = harness.queue();
    const ran = createCollector<string>();
    await harness.worker(queue, async (job) => ran.add(job.id ?? ''), { drainDelay: 1 });
    await queue.pause();
    await queue.add('render', {}, { jobId: 'now' });
    await queue.add('render', {}, { jobId: 'soon', delay: 100 });
    const probe = harness.queue('probe');
    const probed = createCollector<string>();
    await harness.worker(probe, async (job) => probed.add(job.id ?? ''));
    // On another queue, due after `soon`: when it has run, `soon` would have run too.
    await probe.add('render', {}, { jobId: 'probe', delay: 600 });
    await probed.atLeast(1);
    expect(ran.all).toEqual([]);
    expect(await queue.isPaused()).toBe(true);
    await queue.resume();
    await ran.atLeast(2);
    expect([...ran.all].sort()).toEqual(['now', 'soon']);
    await until(async () => (await queue.getJobCounts('completed'))['completed'] === 2);
  });
}
