import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
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
    // From the ledger alone, the same cost can be rebuilt.
    const reasons = await Promise.all(
      [1, 2, 3].map(async (attempt) => (await harness.ledger.readRefund(id, attempt))?.reason),
    );
    expect(reasons).toEqual([expect.any(String), expect.any(String), undefined]);
  });

  test('the refund of a failed task is in the ledger before the next purchase is made, or the render fails', async () => {
    const harness = await openHarness({ settings: { MAX_PURCHASES: 2 } });
    harness.simulator.faults.add({ kind: 'fail_task', rate: 1 });
    const refundsAtClaim: boolean[] = [];
    const putIfAbsent: ObjectStore['putIfAbsent'] = async (key, ...rest) => {
      if (key.endsWith('/2/intent.json')) {
        refundsAtClaim.push((await harness.ledger.readRefund(key.split('/')[1] ?? '', 1)) !== undefined);
      }
      return harness.store.putIfAbsent(key, ...rest);
    };
    const put: ObjectStore['put'] = async (key, ...rest) => {
      if (key.startsWith('renders/')) {
        refundsAtClaim.push((await harness.ledger.readRefund(key.slice(8, -5), 2)) !== undefined);
      }
      return harness.store.put(key, ...rest);
    };
    const store = Object.assign(Object.create(harness.store) as ObjectStore, { put, putIfAbsent });
    await harness.startWorker({ store });
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('generation_failed');
    expect(refundsAtClaim).toEqual([true, true]);
  });

  test('a render whose refund cannot be written waits for the store, and then goes on: nothing is lost or bought twice', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'fail_task', times: 1 });
    let refused = 0;
    const putIfAbsent: ObjectStore['putIfAbsent'] = async (key, ...rest) => {
      if (key.endsWith('/refund.json') && refused < 3) {
        refused += 1;
        expect(harness.countPurchases(key.split('/')[1] ?? '').charged).toBe(1);
        throw new StoreError('unavailable', 'away');
      }
      return harness.store.putIfAbsent(key, ...rest);
    };
    const store = Object.assign(Object.create(harness.store) as ObjectStore, { putIfAbsent });
    await harness.startWorker({ store });
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      status: 'completed',
      attempts: 2,
      cost: { spentMicros: 25_000, refundedMicros: 25_000, possiblySpentMicros: 0 },
    });
    expect(refused).toBe(3);
    expect(await harness.ledger.readRefund(id, 1)).toBeDefined();
    expect(harness.countPurchases(id)).toEqual({ charged: 2, refunded: 1 });
    expect((await harness.queues.render.getJob(id))?.attemptsMade).toBe(1);
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
