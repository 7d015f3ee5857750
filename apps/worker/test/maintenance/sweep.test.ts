import { webhookId } from '@darkroom/shared/queues';
import { dayIndexPrefix, sumCost } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { sweep } from '../../src/maintenance/index.ts';
import { createSweepDeps, failWithoutBurial, openHarness } from '../support/harness.ts';
import { findWebhooks } from '../support/webhook-harness.ts';

requires('redis').describe('the sweep', () => {
  test('the sweep ends every failed render, also beside a job that is no render', async () => {
    const harness = await openHarness();
    const [first, last] = [await harness.enqueue(), await harness.enqueue()];
    await harness.queues.render.add('1K', { renderId: 'odd' } as never, { jobId: 'odd', priority: 5 });
    await failWithoutBurial(harness, 3);
    const { deps, errors } = createSweepDeps(harness);
    expect(await sweep(deps)).toBe(2);
    for (const id of [first, last]) {
      expect((await harness.queues.deadLetter.getJob(id))?.data.failure.code).toBe('worker_lost');
      expect((await harness.ledger.readReceipt(id))?.status).toBe('failed');
    }
    expect(errors).toEqual(['failed render skipped: unexpected error']);
    expect(await sweep(deps)).toBe(0);
  });

  test('a render whose workers were lost between polls may still be refunded: its purchase is possibly spent', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    const job = await harness.queues.render.getJob(id);
    const checkpoint = await harness.readCheckpoint(id);
    const task = { taskId: 'task_1', acceptedAt: 1 };
    const purchase = {
      provider: 'toapis',
      attempt: 1,
      outcome: 'accepted',
      costMicros: 25_000,
      ...task,
    } as const;
    const at = {
      step: 'poll',
      ...task,
      deadlineAt: systemClock.now() + 900_000,
      polls: 1,
      progress: 0,
    } as const;
    await job?.updateData({ ...checkpoint, purchases: [purchase], at });
    await failWithoutBurial(harness, 1);
    expect(await sweep(createSweepDeps(harness).deps)).toBe(1);
    const cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 25_000 };
    expect(await harness.ledger.readReceipt(id)).toMatchObject({ cost });
    expect((await harness.queues.deadLetter.getJob(id))?.data.cost).toEqual(cost);
    // The API reads it from the job.
    expect(sumCost((await harness.readCheckpoint(id)).purchases)).toEqual(cost);
  });

  test('the sweep does not rewrite a removed dead letter, and writes the one of a later end', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    await failWithoutBurial(harness, 1);
    const { deps } = createSweepDeps(harness);
    expect(await sweep(deps)).toBe(1);
    await harness.queues.deadLetter.remove(id);
    expect(await sweep(deps)).toBe(0);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
    await harness.redrive(id);
    await failWithoutBurial(harness, 1);
    expect(await sweep(deps)).toBe(1);
    expect(await harness.queues.deadLetter.getJob(id)).toBeDefined();
  });

  test('the sweep does not rewrite a removed dead letter that a burial wrote', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'refuse_content' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('content_policy_violation');
    await worker.close();
    await harness.queues.deadLetter.remove(id);
    expect(await sweep(createSweepDeps(harness).deps)).toBe(0);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
  });

  test('a render that failed without a burial gets dead letter, receipt and webhook from the sweep, once', async () => {
    const harness = await openHarness();
    const webhook = { kind: 'url', url: 'https://hooks.example.invalid/in' } as const;
    const id = await harness.enqueue({ webhook });
    await failWithoutBurial(harness, 1);
    await harness.putCancelMarker(id);
    const { queues, ledger, store } = harness;
    const { deps } = createSweepDeps(harness);
    expect(await sweep(deps)).toBe(1);
    expect(await sweep(deps)).toBe(0);
    const letter = await queues.deadLetter.getJob(id);
    expect(letter?.data.failure).toMatchObject({ code: 'worker_lost', step: 'submit' });
    const receipt = await ledger.readReceipt(id);
    expect(receipt).toMatchObject({ status: 'failed', attempts: 0, cost: sumCost([]) });
    expect(receipt?.failure).toEqual(letter?.data.failure);
    expect(receipt?.notes?.at(-1)?.text).toBe('dead: worker_lost: job stalled more than allowable limit');
    // As after a burial: a webhook of this end, an entry in the day index, no cancel marker.
    expect((await findWebhooks(harness, id)).map((delivery) => delivery.id)).toEqual([
      webhookId(id, 'failed', 0, 0),
    ]);
    const { objects } = await store.list({ prefix: dayIndexPrefix('default', receipt?.createdAt ?? 0) });
    expect(objects.map(({ key }) => key.endsWith(id))).toEqual([true]);
    expect(await queues.cancel.getJob(id)).toBeUndefined();

    await harness.startWorker();
    await harness.redrive(id);
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
  });
});
