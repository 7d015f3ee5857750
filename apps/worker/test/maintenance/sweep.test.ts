import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { webhookId } from '@darkroom/shared/queues';
import { dayIndexPrefix, sumCost } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
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
    const later = await harness.enqueue();
    await failWithoutBurial(harness, 4);
    expect(await sweep(deps)).toBe(1);
    expect(await harness.queues.deadLetter.getJob(later)).toBeDefined();
    // One line for each job, not one per minute.
    expect(errors).toEqual(['failed render skipped: unexpected error']);
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
    expect(await sweep(createSweepDeps(harness).deps)).toBe(0);
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

  test('more failed renders than two pages all get dead letter, receipt and webhook', async () => {
    const harness = await openHarness();
    const { engine, queues, store } = harness;
    const count = 1_010;
    const webhook = { kind: 'url', url: 'https://hooks.example.invalid/in' } as const;
    await Promise.all(Array.from({ length: count }, () => harness.enqueue({ webhook })));
    await failWithoutBurial(harness, count);
    const oldest = await engine.readJobTimes('render', 'failed', { from: 0, to: 7 });
    const { deps } = createSweepDeps(harness);
    // The first sweep has time for a single batch only.
    let calls = 0;
    const slow = { now: () => systemClock.now() + (calls++ < 2 ? 0 : 20_000) };
    expect(await sweep({ ...deps, clock: slow })).toBeGreaterThanOrEqual(8);
    for (const { id } of oldest) expect(await queues.deadLetter.getJob(id)).toBeDefined();
    await until(async () => (await sweep(deps)) === 0, { timeout: 60_000 });
    expect(await queues.deadLetter.getWaitingCount()).toBe(count);
    expect(await queues.webhook.getWaitingCount()).toBe(count);
    const receipts = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const page = await store.list({ prefix: 'renders/', ...(cursor ? { cursor } : {}) });
      for (const { key } of page.objects) receipts.add(key);
      cursor = page.cursor;
      if (!cursor) break;
    }
    expect(receipts.size).toBe(count);
  });

  test('a sweep reads no job of a render that has a dead letter, or that an earlier sweep found complete', async () => {
    const harness = await openHarness();
    const ids = [await harness.enqueue(), await harness.enqueue()];
    await failWithoutBurial(harness, 2);
    expect(await sweep(createSweepDeps(harness).deps)).toBe(2);
    // Any read of a job throws, and the sweep would log it.
    const { deps, errors } = createSweepDeps(harness);
    const unreadable = { ...deps, queues: {} as never };
    expect(await sweep(unreadable)).toBe(0);
    for (const id of ids) await harness.queues.deadLetter.remove(id);
    expect(await sweep(unreadable)).toBe(0);
    expect(errors).toEqual([]);
    // A render that has left the failed jobs is forgotten.
    await harness.queues.render.remove(ids[0] as string);
    expect(await sweep(unreadable)).toBe(0);
    expect([...deps.memory.written.keys()]).toEqual([ids[1]]);
  });

  test('a sweep that the store or a shutdown interrupts is completed by the next sweep', async () => {
    const harness = await openHarness();
    for (let made = 0; made < 20; made += 1) await harness.enqueue();
    await failWithoutBurial(harness, 20);
    const { deps, warnings } = createSweepDeps(harness);
    let puts = 0;
    const put: ObjectStore['put'] = async (...args) => {
      puts += 1;
      if (puts > 5) throw new StoreError('unavailable', 'away');
      await harness.store.put(...args);
    };
    const store = { ...harness.store, put };
    expect(await sweep({ ...deps, ledger: new Ledger(store, systemClock) })).toBeLessThan(8);
    expect(warnings).toContain('store away: the next sweep goes on');
    const stop = new AbortController();
    const enqueueWebhooks: typeof deps.enqueueWebhooks = async (...args) => {
      stop.abort(new Error('shutting down'));
      return deps.enqueueWebhooks(...args);
    };
    await expect(sweep({ ...deps, enqueueWebhooks, signal: stop.signal })).rejects.toThrow('shutting down');
    expect(await harness.queues.deadLetter.getWaitingCount()).toBeLessThanOrEqual(16);
    await sweep(deps);
    expect(await harness.queues.deadLetter.getWaitingCount()).toBe(20);
  });
});
