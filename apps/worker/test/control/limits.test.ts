import { listAuditEntries } from '@darkroom/shared/audit';
import { ControlStore } from '@darkroom/shared/control';
import { listWorkerRecords } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { describe, expect, test, vi } from 'vitest';
import { createSubmitLimiter } from '../../src/control/index.ts';
import { overrideLimit, readRecord } from '../support/controls.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

const SUBMISSIONS = 'submissions-per-minute';
/** Within this time, all workers obey a changed limit. */
const EFFECTIVE_MS = 3_000;

/** When the submissions began that have begun until now, in their order. What begins apart may arrive together. */
const listBegun = async ({ queues }: Harness): Promise<number[]> => {
  const jobs = await queues.submit.getJobs(['active', 'completed', 'waiting', 'delayed', 'prioritized']);
  return jobs.flatMap(({ processedOn }) => processedOn ?? []).toSorted((one, other) => one - other);
};

const passed = (at: number) => until(() => Date.now() >= at, { timeout: 60_000 });

const enqueue = (harness: Harness, count: number) =>
  Promise.all(Array.from({ length: count }, () => harness.enqueue()));

const readApplied = async ({ queues }: Harness, name: typeof SUBMISSIONS | 'store-concurrency') =>
  (await listWorkerRecords(queues)).map(({ limits }) => limits[name].value);

requires('redis').describe('a limit that an operator overrides', () => {
  test('two workers obey a changed quota within three seconds under load, and the override ends on time', async () => {
    const harness = await openHarness();
    const env = {
      TOAPIS_SUBMIT_PER_SECOND: '10',
      TOAPIS_QUERY_PER_SECOND: '1000',
      ALLOW_PRIVATE_HOSTS: 'true',
      LOCK_DURATION_MS: '30000',
    };
    spawnWorker(harness, env);
    spawnWorker(harness, env);
    await enqueue(harness, 200);
    await until(() => harness.simulator.book.entries().length >= 20, { timeout: 60_000 });
    await until(async () => (await readApplied(harness, SUBMISSIONS)).length === 2, { timeout: 60_000 });

    let endsAt = 0;
    let tookMs = Number.POSITIVE_INFINITY;
    // The fastest of three changes: other processes of the machine may hold up one.
    for (const value of [120, 119, 118]) {
      endsAt = Date.now() + 9_000;
      const setAt = await overrideLimit(harness, SUBMISSIONS, value, endsAt);
      await until(async () => (await readApplied(harness, SUBMISSIONS)).join() === `${value},${value}`);
      tookMs = Date.now() - setAt;
      if (tookMs < EFFECTIVE_MS) break;
    }
    expect(tookMs).toBeLessThan(EFFECTIVE_MS);
    const appliedAt = Date.now();
    await passed(endsAt);
    const obeyed = (await listBegun(harness)).filter((at) => at >= appliedAt && at < endsAt).length;
    // Two per second, and a window of a second at each edge. Without the override: ten per second.
    expect(obeyed).toBeLessThanOrEqual((endsAt - appliedAt) / 500 + 4);
    expect(obeyed).toBeGreaterThanOrEqual(5);
    await until(async () => (await readApplied(harness, SUBMISSIONS)).join() === '600,600');
    const endedAt = Date.now();
    // The whole quota of a second begins in one second again: with the override, two would.
    await until(async () => {
      const begun = (await listBegun(harness)).filter((at) => at >= endedAt);
      return begun.some((at, index) => (begun[index + 5] ?? Number.POSITIVE_INFINITY) - at < 1_000);
    });
  });

  test('it survives an emptied queue, and a worker that starts obeys it from its first submission on', async () => {
    const harness = await openHarness();
    await overrideLimit(harness, SUBMISSIONS, 30);
    const worker = await harness.startWorker();
    await enqueue(harness, 10);
    await until(async () => (await harness.queues.submit.getPrioritizedCount()) >= 5);
    await worker.close();
    await harness.queues.stop.obliterate({ force: true });
    const { length } = await listBegun(harness);
    // Its first fetch finds all submissions waiting.
    await harness.startWorker();
    await until(async () => (await listBegun(harness)).length >= length + 3);
    const begun = (await listBegun(harness)).slice(length);
    // One in two seconds.
    expect((begun[2] ?? 0) - (begun[0] ?? 0)).toBeGreaterThan(3_500);
  });

  test('one that ended while no worker ran has no effect, and its end is in the audit log once', async () => {
    const harness = await openHarness();
    const endedAt = Date.now() - 600_000;
    await overrideLimit(harness, 'store-concurrency', 3, endedAt);
    const worker = await harness.startWorker();
    await until(
      async () => (await readRecord(harness, worker.name))?.limits['store-concurrency'].value === 8,
    );
    const list = { kind: 'target', target: { kind: 'limit', id: 'store-concurrency' } } as const;
    const { entries } = await listAuditEntries(harness.store, list, { limit: 10 });
    expect(entries).toMatchObject([
      { action: 'limit.end', at: endedAt, source: 'worker', before: { override: 3 }, reason: 'test' },
    ]);
    // It is shown until another one follows.
    const control = new ControlStore(harness.store);
    expect(await control.readState()).toMatchObject({ limits: [], endedLimits: [{ value: 3 }] });
    await overrideLimit(harness, 'store-concurrency', 4);
    expect(await control.readState()).toMatchObject({ limits: [{ value: 4 }], endedLimits: [] });
  });

  test('a changed concurrency counts for the next jobs of a running worker', async () => {
    const harness = await openHarness({ settings: { STORE_CONCURRENCY: 1, SHUTDOWN_TIMEOUT_MS: 100 } });
    harness.simulator.faults.add({ kind: 'download_hang' });
    await harness.startWorker();
    await enqueue(harness, 4);
    await until(async () => (await harness.queues.store.getActiveCount()) === 1);
    await until(async () => (await harness.queues.store.getPrioritizedCount()) === 3);
    await overrideLimit(harness, 'store-concurrency', 3);
    await until(async () => (await harness.queues.store.getActiveCount()) === 3);
    expect(await harness.queues.store.getPrioritizedCount()).toBe(1);
  });
});

describe('the limiter of the submission quota', () => {
  test('passes exactly the quota, in windows that are as short as whole submissions allow', () => {
    expect(createSubmitLimiter(300)).toEqual({ max: 5, duration: 1_000 });
    expect(createSubmitLimiter(100)).toEqual({ max: 2, duration: 1_200 });
    expect(createSubmitLimiter(30)).toEqual({ max: 1, duration: 2_000 });
    for (let perMinute = 30; perMinute < 1_000; perMinute += 1) {
      const { max, duration } = createSubmitLimiter(perMinute);
      expect((max * 60_000) / duration).toBeLessThanOrEqual(perMinute);
      expect(duration).toBeLessThanOrEqual(2_000);
    }
  });
});
