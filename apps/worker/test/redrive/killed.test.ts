import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { openHarness } from '../support/harness.ts';
import { beginRedrive, haveFailed, putFailedRenders } from '../support/redrives.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

vi.setConfig({ testTimeout: 120_000 });

requires('redis').describe('a worker that executes a redrive and is killed with SIGKILL', () => {
  test('it is followed by another that runs each render once', async () => {
    const harness = await openHarness();
    const env = { TOAPIS_SUBMIT_PER_SECOND: '200', TOAPIS_QUERY_PER_SECOND: '1000' };
    let worker = spawnWorker(harness, env);
    const items = await putFailedRenders(
      harness,
      Array.from({ length: 80 }, () => ({})),
    );
    await haveFailed(harness, 80);
    const redrive = await beginRedrive(harness, items, { rate: 40 });
    // By the queue, and not by the marks of the redrive: the kill comes between two writes of the marks.
    for (const left of [65, 40]) {
      await until(async () => (await harness.queues.render.getFailedCount()) <= left, { timeout: 60_000 });
      await worker.kill('SIGKILL');
      worker = spawnWorker(harness, env);
    }
    const end = await redrive.waitForEnd();
    expect(end).toMatchObject({ started: 80, skipped: 0 });
    // A submission that was in flight at a kill is unknown, and is not bought again.
    const { failures } = await redrive.redrives.readMarks(redrive.key, 0);
    expect(Object.values(failures).filter(({ code }) => code !== 'submission_unknown')).toEqual([]);
    expect(end.done + Object.keys(failures).length).toBe(80);
    expect(items.filter(({ id }) => harness.countPurchases(id).charged > 1)).toEqual([]);
    const jobs = await Promise.all(items.map(({ id }) => harness.queues.render.getJob(id)));
    expect(new Set(jobs.map((job) => job?.attemptsMade))).toEqual(new Set([2]));
  });
});
