import { type RenderResult } from '@darkroom/shared/queues';
import { type Checkpoint, sumCost } from '@darkroom/shared/render';
import { requires, startHttpProxy, until } from '@darkroom/testkit';
import { DelayedError } from 'bullmq';
import { expect, test } from 'vitest';
import { addChild } from '../../src/bullmq/index.ts';
import { expectCanceled, listNotes, readState } from '../support/canceled.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const countSubmits = (harness: Harness) => harness.simulator.requests.counts().categories.submit.received;

/** Starts a worker whose provider's answers the test can hold back. */
async function startWorkerBehindGate(harness: Harness) {
  const gate = await startHttpProxy(harness.simulator.url);
  await harness.startWorker({ settings: { TOAPIS_BASE_URL: gate.url } });
  /** Holds back all answers from now on. @returns a wait for the next call that starts with `call`. */
  const stall = (call: string) => {
    const seen = gate.requests.length;
    gate.stall();
    return () => until(() => gate.requests.slice(seen).some((line) => line.startsWith(call)));
  };
  return { gate, stall };
}

/** Makes a render poll now, and holds back the provider's answer. */
async function pollAndHold(
  harness: Harness,
  id: string,
  { stall }: Awaited<ReturnType<typeof startWorkerBehindGate>>,
) {
  await until(async () => (await readState(harness, id)) === 'delayed');
  const held = stall('GET /v1/images');
  await (await harness.queues.render.getJob(id))?.promote();
  await held();
}

const free = { cost: sumCost([]), attempts: 0, purchases: [], canceled: { from: 'submit' } };

requires('redis').describe('canceling a render', () => {
  test('a render that no worker has picked up is canceled for free', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    expect(await harness.cancel(id)).toBe('busy');
    await harness.startWorker();
    expect(await expectCanceled(harness, id)).toMatchObject(free);
    expect(countSubmits(harness)).toBe(0);
  });

  test('a render whose submission waits in a paused queue is canceled at once, for free, and never submitted', async () => {
    const harness = await openHarness();
    await harness.queues.submit.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    expect(await harness.cancel(id)).toBe('woken');
    expect(await expectCanceled(harness, id)).toMatchObject(free);
    expect(await harness.queues.submit.getJob(`${id}.s1`)).toBeUndefined();
    await harness.queues.submit.resume();
    const other = await harness.enqueue();
    expect((await harness.waitForReceipt(other)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(0);
    expect(countSubmits(harness)).toBe(1);
  });

  test('a render whose submission waits for the quota is canceled at once, for free', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'rate_limited', retryAfterSeconds: 600 });
    await harness.startWorker({ settings: { SUBMIT_CONCURRENCY: 1 } });
    const id = await harness.enqueue();
    await until(async () => (await harness.queues.submit.getRateLimitTtl()) > 60_000);
    await until(async () => (await harness.queues.submit.getJobState(`${id}.s1`)) !== 'active');
    expect(await harness.cancel(id)).toBe('woken');
    expect(await expectCanceled(harness, id)).toMatchObject(free);
    expect(harness.countPurchases(id).charged).toBe(0);
  });

  test('a render whose submission waits for another try is canceled at once, for free', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'no_channel', retryAfterSeconds: 600 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.queues.submit.getJobState(`${id}.s1`)) === 'delayed');
    expect(await harness.cancel(id)).toBe('woken');
    expect(await expectCanceled(harness, id)).toMatchObject(free);
    expect(harness.countPurchases(id).charged).toBe(0);
  });

  test('a submission that has begun sees the cancel marker right before it would buy', async () => {
    const harness = await openHarness();
    await harness.queues.submit.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    await harness.putCancelMarker(id);
    await harness.queues.submit.resume();
    expect(await expectCanceled(harness, id)).toMatchObject(free);
    expect((await harness.queues.submit.getJob(`${id}.s1`))?.returnvalue).toEqual({ kind: 'canceled' });
    expect(countSubmits(harness)).toBe(0);
  });

  test('a render whose cancel marker is removed before the render saw it is submitted after all', async () => {
    const harness = await openHarness();
    await harness.queues.submit.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    await harness.putCancelMarker(id);
    await harness.queues.render.pause();
    await harness.queues.submit.resume();
    await until(async () => (await harness.queues.submit.getJobState(`${id}.s1`)) === 'completed');
    await harness.queues.cancel.remove(id);
    await harness.queues.render.resume();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a cancel during a submission waits for the answer, and the receipt has the cost', async () => {
    const harness = await openHarness();
    const { gate, stall } = await startWorkerBehindGate(harness);
    // The first submission proves the provider.
    await harness.waitForReceipt(await harness.enqueue());
    const held = stall('POST /v1/images');
    const id = await harness.enqueue();
    await held();
    expect(await harness.cancel(id)).toBe('busy');
    await gate.resume();
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      attempts: 1,
      canceled: { from: 'submit' },
    });
    expect(receipt.purchases).toMatchObject([{ taskId: harness.simulator.book.byBusinessId(id)[0]?.taskId }]);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  // As after a crash between adding the child and waiting for it.
  test.for(['waits', 'is running'])(
    'a cancel of a render whose submission %s ends with a true receipt',
    async (child) => {
      const harness = await openHarness();
      const id = await harness.enqueue();
      const firstWorker = harness.engine.worker<Checkpoint, RenderResult>('render', async (job, token) => {
        const call = { queue: 'submit', id: `${id}.s1`, checkpoint: job.data } as const;
        await addChild(harness.queues, harness.settings, call, { id, queue: job.queueQualifiedName });
        // The first sweep of the worker would wake a render that is delayed for an hour.
        await job.moveToDelayed(Date.now() + 600_000, token);
        throw new DelayedError();
      });
      await until(async () => (await readState(harness, id)) === 'delayed');
      await firstWorker.close();
      const waits = child === 'waits';
      if (waits) await harness.queues.submit.pause();
      harness.simulator.faults.add({ kind: 'slow', ms: 3_000 });
      // The render does not end before the cancel.
      harness.simulator.faults.add({ kind: 'stuck' });
      await harness.startWorker();
      if (!waits) await harness.simulator.requests.until((counts) => counts.categories.submit.received === 1);
      // A worker that starts wakes the renders that no pause holds back.
      expect(['woken', 'busy']).toContain(await harness.cancel(id));
      const receipt = await expectCanceled(harness, id);
      expect(receipt).toMatchObject({
        cost: { ...sumCost([]), possiblySpentMicros: waits ? 0 : 25_000 },
        attempts: waits ? 0 : 1,
      });
      expect(listNotes(receipt).join()).not.toMatch(/may have been bought/);
      expect(harness.countPurchases(id).charged).toBe(waits ? 0 : 1);
    },
  );

  test('a cancel while the provider works stops the polls, and the receipt has the cost', async () => {
    const harness = await openHarness({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await readState(harness, id)) === 'delayed');
    expect(await harness.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      attempts: 1,
      canceled: { from: 'poll' },
    });
    expect(listNotes(receipt)).toEqual([
      'picked up; waits for its turn to be submitted',
      `submitted: accepted as ${receipt.purchases[0]?.taskId}`,
      'canceled while the provider worked on it; $0.000 spent, $0.025 possibly spent',
    ]);
    expect(harness.simulator.requests.counts().categories.query.received).toBe(0);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a cancel during a poll takes effect when that poll ends', async () => {
    const harness = await openHarness({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    const through = await startWorkerBehindGate(harness);
    const id = await harness.enqueue();
    await pollAndHold(harness, id, through);
    expect(await harness.cancel(id)).toBe('busy');
    await through.gate.resume();
    expect(await expectCanceled(harness, id)).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      canceled: { from: 'poll' },
    });
    expect(harness.simulator.requests.counts().categories.query.received).toBe(1);
    // Three runs: picked up, submitted, polled. The run of the poll ended the render.
    expect((await harness.queues.render.getJob(id))?.attemptsStarted).toBe(3);
  });

  test('a cancel before the download leaves the image at the provider', async () => {
    const harness = await openHarness({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    const through = await startWorkerBehindGate(harness);
    const id = await harness.enqueue();
    await pollAndHold(harness, id, through);
    await harness.simulator.tasks.complete(harness.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    await harness.putCancelMarker(id);
    await through.gate.resume();
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), spentMicros: 25_000 },
      canceled: { from: 'store' },
    });
    expect(harness.simulator.requests.counts().categories.download.received).toBe(0);
  });

  test('a render whose download waits is canceled at once, and the image stays at the provider', async () => {
    const harness = await openHarness();
    await harness.queues.store.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.queues.store.getJob(`${id}.t1`)) !== undefined);
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    expect(await harness.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), spentMicros: 25_000 },
      attempts: 1,
      canceled: { from: 'store' },
    });
    await harness.queues.store.resume();
    const other = await harness.enqueue();
    expect((await harness.waitForReceipt(other)).status).toBe('completed');
    expect(harness.simulator.requests.counts().categories.download.received).toBe(1);
    expect((await harness.store.list({ prefix: `images/${id}` })).objects).toEqual([]);
  });

  test('the receipt of a render that is canceled while held says that it may have been bought', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'accept_then_cut' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'hold');
    await until(async () => (await readState(harness, id)) === 'delayed');
    expect(await harness.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      attempts: 1,
      canceled: { from: 'hold' },
    });
    expect(listNotes(receipt).at(-2)).toMatch(/may have been bought/);
  });

  test('the receipt of a render that is canceled while held has the cost, if the ledger has its acceptance', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'accept_then_cut' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'hold');
    await until(async () => (await readState(harness, id)) === 'delayed');
    const accepted = {
      taskId: 'task_late',
      acceptedAt: 1,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'webhook',
    } as const;
    await harness.ledger.writeAcceptance(id, 1, accepted);
    await harness.cancel(id);
    const receipt = await expectCanceled(harness, id);
    expect(receipt).toMatchObject({
      cost: { ...sumCost([]), possiblySpentMicros: 25_000 },
      purchases: [{ taskId: 'task_late' }],
    });
    expect(listNotes(receipt).join()).not.toMatch(/may have been bought/);
  });

  test('a render that is canceled after a refund costs nothing', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'stuck' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'poll');
    // The second submission waits in the paused queue.
    await harness.queues.submit.pause();
    await harness.simulator.tasks.fail(harness.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    await until(async () => (await harness.readCheckpoint(id)).attempt === 2);
    await until(async () => (await readState(harness, id)) === 'waiting-children');
    expect(await harness.cancel(id)).toBe('woken');
    expect(await expectCanceled(harness, id)).toMatchObject({
      cost: { ...sumCost([]), refundedMicros: 25_000 },
      attempts: 1,
      purchases: [{ outcome: 'refunded' }],
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 1 });
  });
});
