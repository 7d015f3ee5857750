import { DelayedError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCollector, type EngineHarness } from '../../support/engine-harness.ts';

/** The highest priority that BullMQ takes is 2^21. */
const LAST = 2_000_000;

export function testPriorities(harness: EngineHarness): void {
  test('waiting jobs are counted by priority, and found in the order in which they run', async () => {
    const [engine, queue] = [harness.engine(), harness.queue()];
    expect(await engine.countPriorities(queue.name)).toEqual([]);
    const jobs = [...[LAST, 7, LAST, 7, 7].entries()].map(([at, priority]) => ({
      name: 'submit',
      data: {},
      opts: { jobId: `j${at}`, priority },
    }));
    await queue.addBulk(jobs);
    await queue.add('submit', {}, { jobId: 'later', priority: 7, delay: 3_600_000 });
    expect(await engine.countPriorities(queue.name)).toEqual([
      { priority: 7, count: 3 },
      { priority: LAST, count: 2 },
    ]);
    const wanted = [
      { priority: LAST, count: 1 },
      { priority: 7, count: 2 },
      { priority: 8, count: 2 },
    ];
    expect(await engine.readFirstJobs(queue.name, wanted)).toEqual([['j0'], ['j1', 'j3'], []]);
    expect(await engine.findPriorityPlace(queue.name, 'j4')).toEqual({ priority: 7, before: 2 });
    expect(await engine.findPriorityPlace(queue.name, 'j2')).toEqual({ priority: LAST, before: 1 });
    expect(await engine.findPriorityPlace(queue.name, 'later')).toBeUndefined();
    expect(await engine.findPriorityPlace(queue.name, 'none')).toBeUndefined();
  });

  test('a waiting job that gets another priority waits at its end, and a running one only keeps it for its next wait', async () => {
    const [engine, queue] = [harness.engine(), harness.queue()];
    const change = (id: string, priority: number) => queue.getBackend().changePriority(id, priority);
    for (const [id, priority] of [
      ['a1', 5],
      ['a2', 5],
      ['b1', 9],
      ['b2', 9],
    ] as const)
      await queue.add('submit', {}, { jobId: id, priority });
    await Promise.all(['b1', 'a1'].map((id) => change(id, 1)));
    expect(await engine.readFirstJobs(queue.name, [{ priority: 1, count: 9 }])).toEqual([['b1', 'a1']]);
    await expect(change('none', 1)).rejects.toThrow('none');

    const ran = createCollector<string>();
    await harness.worker(queue, async (job, token) => {
      ran.add(job.id ?? '');
      if (job.id !== 'b1' || ran.all.length > 1) return;
      await change('b1', LAST);
      expect(await engine.countPriorities(queue.name)).not.toContainEqual({ priority: LAST, count: 1 });
      await job.moveToDelayed(Date.now() + 20, token);
      throw new DelayedError();
    });
    await ran.atLeast(5);
    expect(ran.all).toEqual(['b1', 'a1', 'a2', 'b2', 'b1']);
  });
}
