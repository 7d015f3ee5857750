import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Latch, latch, requires } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { beginRun, countPurchases, createCsv, waitForRun } from '../support/catalogues.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { emptyQueue } from '../support/journal.ts';

vi.setConfig({ testTimeout: 60_000 });

/** A store that holds the plan of a run until it is released: the run has begun, and has no plan yet. */
function holdPlan({ store }: Harness, run: string) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const put: ObjectStore['put'] = async (key, body, options) => {
    if (key.endsWith(`/runs/${run}/plan.json`)) {
      reached.resolve();
      options.signal?.addEventListener('abort', () => released.reject(options.signal?.reason));
      await released.promise;
    }
    await store.put(key, body, options);
  };
  return {
    store: Object.assign(Object.create(store) as ObjectStore, { put }),
    reached: reached.promise,
    release: released.resolve,
  };
}

requires('redis').describe('two runs of one catalogue', () => {
  test('a second run of the catalogue waits or stops, as the file says, and buys nothing twice', async () => {
    const harness = await openHarness();
    const first = await beginRun(harness, createCsv(20), { createdAt: Date.now() - 1000 });
    const skipped = await beginRun(harness, createCsv(20), { run: 'again' });
    await harness.startWorker();
    expect(await waitForRun(harness, skipped)).toMatchObject({
      status: 'stopped',
      reason: 'the run night-1 of this catalogue has not ended (overlap: skip)',
    });
    const queued = await beginRun(harness, createCsv(20), { run: 'queued', yaml: 'overlap: queue_one\n' });
    expect((await waitForRun(harness, first)).status).toBe('completed');
    expect(await waitForRun(harness, queued)).toMatchObject({ counts: { bought: 0, unchanged: 20 } });
    expect(countPurchases(harness)).toBe(20);
  });

  test('that begin at the same moment, the second with an earlier time: one of them buys', async () => {
    const harness = await openHarness();
    const { store, reached, release } = holdPlan(harness, 'first');
    await harness.startWorker({ store });
    const first = await beginRun(harness, createCsv(20), { run: 'first' });
    await reached;
    // Its producer has a clock that is slow, so it is the first one by its time.
    const createdAt = Date.now() - 60_000;
    const second = await beginRun(harness, createCsv(20), { run: 'second', createdAt });
    const other = await waitForRun(harness, second);
    release();
    expect((await waitForRun(harness, first)).status).toBe('completed');
    expect(other).toMatchObject({
      status: 'stopped',
      reason: 'the run first of this catalogue has not ended (overlap: skip)',
    });
    expect(countPurchases(harness)).toBe(20);
  });

  test('that write the lock at the same moment: one of them buys', async () => {
    const harness = await openHarness();
    const writers: [Latch, Latch] = [latch(), latch()];
    let count = 0;
    const putIfAbsent: ObjectStore['putIfAbsent'] = async (key, body, options) => {
      if (key.includes('/locks/')) {
        writers[count++]?.open();
        await Promise.all(writers.map((writer) => writer.wait()));
      }
      return await harness.store.putIfAbsent(key, body, options);
    };
    await harness.startWorker({
      store: Object.assign(Object.create(harness.store) as ObjectStore, { putIfAbsent }),
    });
    const first = await beginRun(harness, createCsv(20), { run: 'first' });
    await writers[0].wait();
    const createdAt = Date.now() - 60_000;
    const second = await beginRun(harness, createCsv(20), { run: 'second', createdAt });
    const ends = await Promise.all([first, second].map((id) => waitForRun(harness, id)));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['completed', 'stopped']);
    expect(countPurchases(harness)).toBe(20);
  });

  test('keep their order after the worker and the queue of the first one were lost while it planned', async () => {
    const harness = await openHarness();
    const { store, reached } = holdPlan(harness, 'first');
    const worker = await harness.startWorker({ store });
    const first = await beginRun(harness, createCsv(20), { run: 'first' });
    await reached;
    const createdAt = Date.now() - 60_000;
    const yaml = 'overlap: queue_one\n';
    const second = await beginRun(harness, createCsv(20), { run: 'second', createdAt, yaml });
    await worker.close();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await waitForRun(harness, first)).toMatchObject({ status: 'completed', counts: { bought: 20 } });
    expect(await waitForRun(harness, second)).toMatchObject({ counts: { bought: 0, unchanged: 20 } });
    expect(countPurchases(harness)).toBe(20);
  });
});
