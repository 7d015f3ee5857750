import { expect, test } from 'vitest';
import { createCollector, type EngineHarness } from '../../support/engine-harness.ts';

export function testSchedules(harness: EngineHarness): void {
  test('a schedule runs once per period, also when several processes set it and work on it', async () => {
    const queue = harness.queue('sweep');
    const ran = createCollector<{ id: string; at: number }>();
    for (let process = 0; process < 2; process++) {
      await queue.upsertJobScheduler('sweep', { every: 250 }, { name: 'sweep', data: { kind: 'stalled' } });
      await harness.worker(queue, async (job) => ran.add({ id: job.id ?? '', at: job.processedOn ?? 0 }));
    }
    await ran.atLeast(6);
    expect(await queue.removeJobScheduler('sweep')).toBe(true);
    const runs = ran.all.slice(0, 6);
    expect(new Set(runs.map((run) => run.id)).size).toBe(6);
    const span = (runs.at(-1)?.at ?? 0) - (runs[0]?.at ?? 0);
    // Five periods between six runs; the first may be caught late.
    expect(span).toBeGreaterThanOrEqual(4 * 250 - 50);
  });

  test('setting a schedule again replaces it', async () => {
    const queue = harness.queue('sweep');
    await queue.upsertJobScheduler('nightly', { every: 3_600_000 }, { name: 'nightly', data: { v: 1 } });
    await queue.upsertJobScheduler('nightly', { every: 7_200_000 }, { name: 'nightly', data: { v: 2 } });
    const all = await queue.getJobSchedulers();
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ key: 'nightly', every: 7_200_000 });
    expect((await queue.getJobCounts('delayed', 'waiting'))['delayed']).toBeLessThanOrEqual(1);
  });
}
