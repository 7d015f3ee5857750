import { Ledger } from '@darkroom/shared/ledger';
import { readRepairs, renderJob } from '@darkroom/shared/queues';
import { receiptKey } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import type { RunningWorker } from '../../src/index.ts';
import { createReceiptSweepMemory, sweepHolds, sweepReceipts } from '../../src/maintenance/index.ts';
import { createSweepDeps, type Harness, newCheckpoint, openHarness } from '../support/harness.ts';
import { holdSweeps } from '../support/sweeps.ts';

requires('redis').describe('repairs of the sweep', () => {
  let harness: Harness;
  let worker: RunningWorker;
  const late = { ...systemClock, now: () => Date.now() + 61_000 };

  beforeAll(async () => {
    harness = await openHarness({ settings: { MAX_PURCHASES: 1, UNKNOWN_GRACE_MS: 100 } });
    worker = await harness.startWorker();
  });

  test('a missing receipt is written again, as it was, for each end of a render', async () => {
    const { store, ledger, simulator } = harness;
    await holdSweeps(harness);
    simulator.faults.add({ kind: 'refuse_content', promptIncludes: 'refused' });
    simulator.faults.add({ kind: 'stuck', promptIncludes: 'stuck' });
    const stuck = await harness.enqueue({ prompt: 'stuck' });
    const ids = [await harness.enqueue(), await harness.enqueue({ prompt: 'refused' }), stuck];
    await until(async () => (await harness.readCheckpoint(stuck)).at.step === 'poll');
    await harness.cancel(stuck);
    const receipts = await Promise.all(ids.map((id) => harness.waitForReceipt(id)));
    expect(receipts.map(({ status }) => status)).toEqual(['completed', 'failed', 'canceled']);
    for (const id of ids) await store.delete(receiptKey(id));
    const { objects } = await store.list({ prefix: 'by-day/' });
    for (const { key } of objects) await store.delete(key);

    const { deps, warnings } = createSweepDeps(harness);
    const lists: string[] = [];
    const reads: string[] = [];
    const counted: typeof store = {
      ...store,
      list: async (options) => {
        lists.push(options.prefix);
        return await store.list(options);
      },
      get: async (key, ...rest) => {
        reads.push(key);
        return await store.get(key, ...rest);
      },
    };
    const sweepDeps = {
      ...deps,
      memory: createReceiptSweepMemory(),
      clock: late,
      store: counted,
      ledger: new Ledger(counted, systemClock),
    };
    // A render that ended a moment ago may still write.
    expect(await sweepReceipts({ ...sweepDeps, clock: systemClock })).toBe(0);
    expect(await sweepReceipts(sweepDeps)).toBe(3);
    expect(warnings).toEqual(Array(3).fill('missing receipt written'));
    for (const [at, id] of ids.entries()) {
      const { notes: _, finishedAt: __, ...receipt } = receipts[at] ?? ({} as never);
      expect(await ledger.readReceipt(id)).toMatchObject(receipt);
    }
    const found = await store.list({ prefix: 'by-day/' });
    expect(found.objects).toHaveLength(3);
    // No request per render: only lists, at most one per part of the ids in use.
    reads.length = 0;
    lists.length = 0;
    expect(await sweepReceipts(sweepDeps)).toBe(0);
    expect([reads, new Set(lists).size <= 3]).toEqual([[], true]);
  });

  test('a render that is held after the grace time of its purchase is woken, and becomes a dead letter', async () => {
    const { queues } = harness;
    await holdSweeps(harness);
    const held = (until: number) => ({
      ...newCheckpoint({}, Date.now()),
      at: { step: 'hold', reason: 'lost', until, doubtedSince: until } as const,
    });
    const [over, open] = [held(Date.now() - 60_000), held(Date.now() + 3_600_000)];
    for (const checkpoint of [over, open]) {
      const { name, data, opts } = renderJob(checkpoint);
      await queues.render.add(name, data, { ...opts, delay: 900_000 });
    }
    const { deps } = createSweepDeps(harness);
    expect(await sweepHolds(deps)).toBe(1);
    expect((await harness.waitForReceipt(over.renderId)).failure?.code).toBe('submission_unknown');
    expect(await (await queues.render.getJob(open.renderId))?.isDelayed()).toBe(true);
    expect(await sweepHolds(deps)).toBe(0);
  });

  test('repairs are counted: in the metrics of the worker, and in the queue for the overview', async () => {
    const { queues } = harness;
    const checkpoint = newCheckpoint({}, Date.now());
    const { name, data, opts } = renderJob(checkpoint);
    await queues.render.add(name, data, { ...opts, delay: 3_600_000 });
    // A sweep that was already under way may have passed this render, so each round starts the next one.
    const { repairs, lastAt } = await until(async () => {
      for (const job of await queues.maintenance.getDelayed()) await job.promote();
      const found = await readRepairs(queues);
      return found.lastAt ? found : undefined;
    });
    expect(repairs).toEqual({ delay_ended: 1 });
    expect(lastAt).toBeGreaterThan(Date.now() - 60_000);
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toContain('darkroom_sweep_repairs_total{repair="delay_ended"} 1');
    expect((await harness.waitForReceipt(checkpoint.renderId)).status).toBe('completed');
  });
});
