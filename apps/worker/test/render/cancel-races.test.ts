import { type ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, sumCost } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { sweepCancelMarkers } from '../../src/maintenance/index.ts';
import { expectCanceled, readState } from '../support/canceled.ts';
import { createSweepDeps, openHarness } from '../support/harness.ts';

requires('redis').describe('a cancel that meets another end or another run', () => {
  test('two cancels of a render end it once', async () => {
    const harness = await openHarness();
    await harness.queues.submit.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    await Promise.all([harness.cancel(id), harness.cancel(id)]);
    const receipt = await expectCanceled(harness, id);
    expect(await harness.cancel(id)).toBe('ended');
    expect(await expectCanceled(harness, id)).toEqual(receipt);
  });

  test('a cancel during the download is too late: the render completes, and the marker is removed', async () => {
    const harness = await openHarness();
    const [putting, go] = [latch(), latch()];
    const put: ObjectStore['put'] = async (key, ...rest) => {
      if (key.startsWith('images/')) {
        putting.open();
        await go.wait();
      }
      return harness.store.put(key, ...rest);
    };
    await harness.startWorker({ store: Object.assign(Object.create(harness.store) as ObjectStore, { put }) });
    const id = await harness.enqueue();
    await putting.wait();
    expect(await harness.cancel(id)).toBe('busy');
    go.open();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
  });

  test('a render that fails instead leaves no cancel marker for its redrive', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    harness.simulator.faults.add({ kind: 'slow', route: 'download', ms: 3_000 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await harness.simulator.requests.until((counts) => counts.categories.download.received === 1);
    await harness.cancel(id);
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'failed', failure: { step: 'store' } });
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
  });

  test('a redriven render is canceled, and its dead letter is removed', async () => {
    const harness = await openHarness({ settings: { TASK_DEADLINE_MS: 300 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('task_timeout');
    await worker.close();
    await harness.redrive(id);
    await harness.putCancelMarker(id);
    await harness.startWorker();
    await until(async () => (await harness.waitForReceipt(id)).status === 'canceled');
    expect(await expectCanceled(harness, id)).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      canceled: { from: 'poll' },
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('the sweep wakes a render whose caller died between marker and wake', async () => {
    const harness = await openHarness({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'delayed');
    await harness.putCancelMarker(id);
    await sweepCancelMarkers(createSweepDeps(harness).deps);
    expect(await expectCanceled(harness, id)).toMatchObject({ canceled: { from: 'poll' } });
    // A marker that came too late is removed.
    await harness.putCancelMarker(id);
    await sweepCancelMarkers(createSweepDeps(harness).deps);
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
  });

  test('the sweep removes every marker that came too late, also the last of a thousand, beside markers that it cannot read', async () => {
    const harness = await openHarness();
    const { cancel } = harness.queues;
    const marker = { version: DATA_VERSION, tenant: 'default', requestedAt: 1 };
    const jobs = Array.from({ length: 1_001 }, (_, index) => ({
      name: 'cancel',
      data: { ...marker, renderId: `rnd_${index}` },
      opts: { jobId: `rnd_${index}` },
    }));
    const newer = { ...marker, renderId: 'newer', version: (DATA_VERSION + 1) as never };
    const odd = await harness.enqueue();
    const job = await harness.queues.render.getJob(odd);
    await job?.updateData({ version: 1 } as never);
    await cancel.add('cancel', newer, { jobId: 'newer' });
    await cancel.add('cancel', { ...marker, renderId: odd }, { jobId: odd });
    await cancel.addBulk(jobs);
    const { deps, errors } = createSweepDeps(harness);
    await sweepCancelMarkers(deps);
    expect(new Set(await cancel.getRanges(['waiting']))).toEqual(new Set(['newer', odd]));
    expect(errors).toEqual(['cancel marker skipped: unexpected error']);
  });

  test('a cancel claims the purchase in the ledger, so that a slower run of the same submission cannot buy', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    const { request } = await harness.readCheckpoint(id);
    await harness.cancel(id);
    await harness.startWorker();
    await expectCanceled(harness, id);
    expect(
      await harness.ledger.claim(
        { renderId: id, attempt: 1, claim: 1 },
        {
          owner: 'a slower run',
          provider: 'toapis',
          claimedBy: 'elsewhere',
          request,
        },
      ),
    ).toBe(false);
  });

  test.for([
    { step: 'submit' },
    { step: 'hold', reason: 'an earlier run claimed it', until: systemClock.now() + 300 },
  ] as const)(
    'a canceled render stays canceled when Redis comes back as it was before the cancel, at step $step',
    async (at) => {
      const harness = await openHarness({ settings: { SUBMIT_UNKNOWN: 'resubmit', UNKNOWN_GRACE_MS: 300 } });
      const id = await harness.enqueue();
      const job = await harness.queues.render.getJob(id);
      const checkpoint = await harness.readCheckpoint(id);
      const { attempt, provider, request } = checkpoint;
      // What the cancel had written. Its marker and the new checkpoint are lost.
      await harness.ledger.claimForCancel({ renderId: id, attempt, claim: 1 }, { provider, request });
      await harness.ledger.writeDayIndex(checkpoint);
      await job?.updateData({ ...checkpoint, at });
      await harness.startWorker();
      const receipt = await expectCanceled(harness, id);
      expect(receipt).toMatchObject({ cost: sumCost([]), purchases: [], canceled: { from: 'submit' } });
      expect(harness.countPurchases(id).charged).toBe(0);
    },
  );
});
