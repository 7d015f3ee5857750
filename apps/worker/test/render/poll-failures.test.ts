import { sumCost } from '@darkroom/shared/render';
import { cleanup, requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { startFakeProvider } from '../support/fake-provider.ts';
import { openHarness } from '../support/harness.ts';

requires('redis').describe('failures of a task', () => {
  test.for<FaultRule>([
    { kind: 'query_500', times: 2 },
    { kind: 'query_html', times: 2 },
    { kind: 'query_bad_json', times: 2 },
    { kind: 'query_429', times: 1, retryAfterSeconds: 0 },
    { kind: 'query_cut', times: 2 },
    { kind: 'unknown_status', rate: 1 },
    { kind: 'first_status', rate: 1, status: 'submitted' },
    { kind: 'other_id', rate: 1 },
    { kind: 'query_404', times: 2 },
  ])('after $kind the task is polled again: one purchase, no attempt', async (fault) => {
    const harness = await openHarness();
    const state = harness.simulator.faults.add(fault);
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(state.fired).toBeGreaterThan(0);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    expect((await harness.queues.render.getJob(id))?.attemptsMade).toBe(1);
  });

  test.for([403, 404, 410])(
    'a gateway that answers polls with a page and status %d loses no task',
    async (status) => {
      const harness = await openHarness({ settings: { TASK_MISSING_GRACE_MS: 1 } });
      const state = harness.simulator.faults.add({ kind: 'query_html', status, times: 4 });
      await harness.startWorker();
      const id = await harness.enqueue();
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      expect(state.fired).toBe(4);
      expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    },
  );

  test('a task that stays unknown is lost; a redrive polls it again and buys nothing', async () => {
    const harness = await openHarness({ settings: { TASK_MISSING_GRACE_MS: 100 } });
    harness.simulator.faults.add({ kind: 'query_404', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      attempts: 1,
      failure: { code: 'task_lost', step: 'poll' },
    });
    harness.simulator.faults.clear();
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a task past its deadline is timed out; a redrive polls it again and buys nothing', async () => {
    const harness = await openHarness({ settings: { TASK_DEADLINE_MS: 600 } });
    harness.simulator.faults.add({ kind: 'query_500', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    const receipt = await harness.waitForReceipt(id);
    expect(receipt).toMatchObject({ attempts: 1, failure: { code: 'task_timeout', step: 'poll' } });
    expect(receipt.cost).toEqual({ ...sumCost([]), possiblySpentMicros: 25_000 });
    harness.simulator.faults.clear();
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a task that never ends is timed out, too', async () => {
    const harness = await openHarness({ settings: { TASK_DEADLINE_MS: 1000 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      attempts: 1,
      failure: { code: 'task_timeout' },
    });
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a task that failed because of its content fails the render and is not bought again', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'fail_task_content' });
    await harness.startWorker();
    const id = await harness.enqueue();
    const receipt = await harness.waitForReceipt(id);
    expect(receipt).toMatchObject({
      attempts: 1,
      failure: { code: 'content_policy_violation', step: 'poll' },
    });
    expect(receipt.cost).toEqual({ ...sumCost([]), refundedMicros: 25_000 });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 1 });
  });

  test('a failed task is bought again, and its refund is not counted as cost', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'fail_task', times: 2 });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      status: 'completed',
      attempts: 3,
      cost: { spentMicros: 25_000, refundedMicros: 50_000, possiblySpentMicros: 0 },
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 3, refunded: 2 });
  });

  test('a render fails after MAX_PURCHASES failed tasks, and one redrive is one more purchase', async () => {
    const harness = await openHarness();
    const always = harness.simulator.faults.add({ kind: 'fail_task', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    const receipt = await harness.waitForReceipt(id);
    expect(receipt).toMatchObject({
      attempts: 3,
      cost: { ...sumCost([]), refundedMicros: 75_000 },
      failure: { code: 'generation_failed' },
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 3, refunded: 3 });
    expect(always.fired).toBe(3);

    harness.simulator.faults.clear();
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 4, refunded: 3 });
  });

  test('an unexpected error at a poll leaves the task open: its purchase is possibly spent until a redrive polls it', async () => {
    const harness = await openHarness();
    const provider = await startFakeProvider();
    cleanup(() => provider.close());
    let broken = true;
    const poll: typeof provider.poll = (taskId, signal) => {
      if (broken) throw new TypeError('a bug');
      return provider.poll(taskId, signal);
    };
    await harness.startWorker({ provider: Object.assign(Object.create(provider), { poll }) });
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      failure: { code: 'internal_error', step: 'poll' },
      cost: { spentMicros: 0, possiblySpentMicros: 25_000 },
    });
    broken = false;
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect((await harness.waitForReceipt(id)).cost).toEqual({ ...sumCost([]), spentMicros: 25_000 });
    expect(provider.purchases).toHaveLength(1);
  });
});
