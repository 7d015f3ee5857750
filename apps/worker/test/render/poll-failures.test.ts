import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { openRig } from '../support/harness.ts';

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
  ])('$kind only means to look again: one purchase, no attempt', async (fault) => {
    const rig = await openRig();
    const state = rig.simulator.faults.add(fault);
    await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(state.fired).toBeGreaterThan(0);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
    expect((await rig.queues.render.getJob(id))?.attemptsMade).toBe(1);
  });

  test('a task that stays unknown is lost; a redrive looks again and buys nothing', async () => {
    const rig = await openRig({ settings: { TASK_MISSING_GRACE_MS: 100 } });
    rig.simulator.faults.add({ kind: 'query_404', rate: 1 });
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ attempts: 1, failure: { code: 'task_lost', step: 'poll' } });
    rig.simulator.faults.clear();
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test('a task past its deadline is timed out; a redrive looks again and buys nothing', async () => {
    const rig = await openRig({ settings: { TASK_DEADLINE_MS: 600 } });
    rig.simulator.faults.add({ kind: 'query_500', rate: 1 });
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    expect(receipt).toMatchObject({ attempts: 1, failure: { code: 'task_timeout', step: 'poll' } });
    expect(receipt.costMicros).toBe(25_000);
    rig.simulator.faults.clear();
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test('a task that never ends is timed out too', async () => {
    const rig = await openRig({ settings: { TASK_DEADLINE_MS: 1000 } });
    rig.simulator.faults.add({ kind: 'stuck' });
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ attempts: 1, failure: { code: 'task_timeout' } });
    expect(rig.bought(id).charged).toBe(1);
  });

  test('a task that failed for its content is dead and not bought again', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'fail_task_content' });
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    expect(receipt).toMatchObject({
      attempts: 1,
      failure: { code: 'content_policy_violation', step: 'poll' },
    });
    expect(receipt.costMicros).toBe(0);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 1 });
  });

  test('a failed task is bought again, and its refund is not counted as cost', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'fail_task', times: 2 });
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ state: 'completed', attempts: 3, costMicros: 25_000 });
    expect(rig.bought(id)).toEqual({ charged: 3, refunded: 2 });
  });

  test('MAX_PURCHASES bounds it: dead after the third, and one redrive is one more purchase', async () => {
    const rig = await openRig();
    const always = rig.simulator.faults.add({ kind: 'fail_task', rate: 1 });
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    expect(receipt).toMatchObject({ attempts: 3, costMicros: 0, failure: { code: 'generation_failed' } });
    expect(rig.bought(id)).toEqual({ charged: 3, refunded: 3 });
    expect(always.fired).toBe(3);

    rig.simulator.faults.clear();
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id)).toEqual({ charged: 4, refunded: 3 });
  });
});
