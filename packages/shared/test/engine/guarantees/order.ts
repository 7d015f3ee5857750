import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness, readJob, waitForState } from '../../support/engine-harness.ts';

export function testOrder(bench: EngineHarness): void {
  test('a lower priority number goes first, and first come first served within one', async () => {
    const queue = bench.queue();
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
    await bench.worker(queue, async (job) => ran.add(job.id ?? ''));
    await ran.atLeast(6);
    expect(ran.all).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
  });

  test('priorities hold within one bulk', async () => {
    const queue = bench.queue();
    await queue.addBulk(
      [3, 1, 2].map((priority) => ({ name: 'render', data: {}, opts: { jobId: `p${priority}`, priority } })),
    );
    const ran = createCollector<string>();
    await bench.worker(queue, async (job) => ran.add(job.id ?? ''));
    await ran.atLeast(3);
    expect(ran.all).toEqual(['p1', 'p2', 'p3']);
  });

  test('a delayed job runs when it is due, not before, and soon after', async () => {
    const queue = bench.queue();
    const ran = createCollector<number>();
    // Whoever looked by himself alone would come a minute late.
    await bench.worker(queue, async () => ran.add(Date.now()), { drainDelay: 60 });
    const due = Date.now() + 400;
    await queue.add('render', {}, { jobId: 'later', delay: 400 });
    const [at = 0] = await ran.atLeast(1);
    expect(at).toBeGreaterThanOrEqual(due - 5);
    expect(at - due).toBeLessThan(15_000);
  });

  test('a job that is due in an hour runs at once when it is promoted', async () => {
    const queue = bench.queue();
    await bench.worker(queue, async () => 'ran');
    await queue.add('render', {}, { jobId: 'later', delay: 3_600_000 });
    await (await readJob(queue, 'later')).promote();
    await waitForState(queue, 'later', 'completed');
  });

  test('a paused queue starts nothing, also what comes due; resumed it starts all of it', async () => {
    const queue = bench.queue();
    const ran = createCollector<string>();
    await bench.worker(queue, async (job) => ran.add(job.id ?? ''), { drainDelay: 1 });
    await queue.pause();
    await queue.add('render', {}, { jobId: 'now' });
    await queue.add('render', {}, { jobId: 'soon', delay: 100 });
    const probe = bench.queue('probe');
    const probed = createCollector<string>();
    await bench.worker(probe, async (job) => probed.add(job.id ?? ''));
    // Due after `soon` on another queue: when this one ran, the paused one had its chance.
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
