import { readQueueState } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue } from '../support/journal.ts';
import { openWebhookHarness, waitForWebhook } from '../support/webhook-harness.ts';

vi.setConfig({ testTimeout: 60_000 });

const isComplete = ({ engine, queues }: Harness) =>
  until(async () => (await readQueueState(engine, queues)) === 'complete', { timeout: 30_000 });

/** The report of the last restore. */
async function readReport(harness: Harness) {
  await isComplete(harness);
  return (await harness.queues.restore.getJobs(['completed']))[0]?.returnvalue;
}

requires('redis').describe('a restore after the queue was lost', () => {
  test('a render that was not submitted is queued again and bought once', async () => {
    const harness = await openHarness();
    const [id = ''] = await acceptRenders(harness, [{}]);
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ read: 1, present: 0, added: { submit: 1 } });
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a render whose task was accepted is polled again and not bought again', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'query_hang' });
    const [id = ''] = await acceptRenders(harness, [{}]);
    const worker = await harness.startWorker();
    await harness.simulator.requests.until((counts) => counts.categories.query.received >= 1);
    await worker.close();
    harness.simulator.faults.clear();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ added: { poll: 1 } });
    const receipt = await harness.waitForReceipt(id);
    expect(receipt).toMatchObject({ status: 'completed', cost: { spentMicros: 25_000 } });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a claim without an outcome is held, and an operator decides', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 300 } });
    const [id = ''] = await acceptRenders(harness, [{}]);
    const { request } = await harness.readCheckpoint(id);
    const intent = { provider: 'toapis', owner: 'dead', claimedBy: 'host 1', request } as const;
    await harness.ledger.claim({ renderId: id, attempt: 1, claim: 1 }, intent);
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ added: { hold: 1 } });
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.failure?.code).toBe('submission_unknown');
    expect(receipt.cost.possiblySpentMicros).toBe(25_000);
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(0);
  });

  test('a completed render stays ended, and its webhook is sent again under the same id', async () => {
    const { harness, receiver } = await openWebhookHarness();
    const worker = await harness.startWorker();
    const [id = ''] = await acceptRenders(harness, [{}]);
    const before = await harness.waitForReceipt(id);
    await waitForWebhook(harness, id, 'completed');
    await worker.close();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ ended: 1, webhooks: 1, added: { submit: 0 } });
    await waitForWebhook(harness, id, 'completed');
    expect(await harness.queues.render.getJob(id)).toBeUndefined();
    expect(await harness.ledger.readReceipt(id)).toEqual(before);
    expect(new Set(receiver.received.map((webhook) => webhook.id)).size).toBe(1);
  });

  test('a failed render keeps its dead letter, its receipt and its webhook, and can be redriven', async () => {
    const { harness, receiver } = await openWebhookHarness();
    const worker = await harness.startWorker();
    harness.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    const [id = ''] = await acceptRenders(harness, [{}]);
    const before = await harness.waitForReceipt(id);
    expect(before.status).toBe('failed');
    await waitForWebhook(harness, id, 'completed', `msg_${id}_failed_0`);
    const letter = (await harness.queues.deadLetter.getJob(id))?.data;
    await worker.close();
    harness.simulator.faults.clear();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ added: { bury: 1 } });
    expect(await harness.waitForReceipt(id)).toEqual(before);
    await until(async () => Boolean(await harness.queues.deadLetter.getJob(id)));
    expect((await harness.queues.deadLetter.getJob(id))?.data).toEqual(letter);
    await harness.redrive(id);
    await until(async () => (await harness.ledger.readReceipt(id))?.status === 'completed');
    await waitForWebhook(harness, id, 'completed', `msg_${id}_completed_1`);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    expect(new Set(receiver.received.map((webhook) => webhook.id))).toEqual(
      new Set([`msg_${id}_failed_0`, `msg_${id}_completed_1`]),
    );
  });

  test('a dead letter comes back although the journal entry of its render is gone', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'invalid_request' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    const before = await harness.waitForReceipt(id);
    await worker.close();
    harness.simulator.faults.clear();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ read: 1, added: { bury: 1 }, webhooks: 0 });
    expect(await harness.waitForReceipt(id)).toEqual(before);
    expect((await harness.queues.deadLetter.getJob(id))?.data.failure).toEqual(before.failure);
    await harness.redrive(id);
    await until(async () => (await harness.ledger.readReceipt(id))?.status === 'completed');
    // After its receipt, a completed render leaves the list of dead letters.
    await until(async () => (await harness.store.list({ prefix: 'dead-letters/' })).objects.length === 0);
  });

  test('a redriven render goes on where its redrive began', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    const worker = await harness.startWorker();
    const [id = ''] = await acceptRenders(harness, [{}]);
    await harness.waitForReceipt(id);
    harness.simulator.faults.clear();
    harness.simulator.faults.add({ kind: 'download_hang' });
    await harness.redrive(id);
    await until(async () => (await harness.ledger.readReceipt(id))?.redrivenAt !== undefined);
    await worker.close();
    harness.simulator.faults.clear();
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ added: { poll: 1, bury: 0 } });
    await until(async () => (await harness.ledger.readReceipt(id))?.status === 'completed');
    expect(await harness.ledger.readReceipt(id)).toMatchObject({ priorEnds: 1 });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a render whose cancel was acknowledged is canceled and not bought', async () => {
    const harness = await openHarness();
    const [id = ''] = await acceptRenders(harness, [{}]);
    await harness.ledger.writeCancelRequest(id, { requestedAt: Date.now() });
    await emptyQueue(harness);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({ cancels: 1, added: { submit: 1 } });
    expect((await harness.waitForReceipt(id)).status).toBe('canceled');
    expect(harness.countPurchases(id)).toEqual({ charged: 0, refunded: 0 });
  });

  test('a queue that is emptied under running workers is restored, and its sweep runs again', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'query_500', rate: 1 });
    await harness.startWorker();
    await isComplete(harness);
    const ids = await acceptRenders(harness, [{}, {}, {}]);
    await harness.simulator.requests.until((counts) => counts.categories.query.received >= 1);
    await emptyQueue(harness);
    harness.simulator.faults.clear();
    for (const id of ids) {
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    }
    expect(await harness.queues.maintenance.getJobScheduler('sweep')).toBeDefined();
  });

  test('a queue that has lost nothing is left alone', async () => {
    const harness = await openHarness();
    const ids = await acceptRenders(harness, [{}, {}]);
    await harness.startWorker();
    expect(await readReport(harness)).toMatchObject({
      read: 2,
      present: 2,
      added: { submit: 0, hold: 0, poll: 0, bury: 0 },
      webhooks: 0,
    });
    for (const id of ids) expect((await harness.waitForReceipt(id)).status).toBe('completed');
  });
});
