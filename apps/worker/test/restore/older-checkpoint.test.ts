import { renderJob } from '@darkroom/shared/queues';
import type { Checkpoint, Receipt } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';

/** Puts a render's job back to a state before its end, as a Redis does that comes back older. */
async function comeBackOlder({ queues }: Harness, checkpoint: Checkpoint): Promise<void> {
  await queues.render.remove(checkpoint.renderId);
  const { name, data, opts } = renderJob(checkpoint);
  await queues.render.add(name, data, opts);
}

/** The checkpoint of an ended render as it was while its task was polled. */
const atPoll = (checkpoint: Checkpoint, { purchases }: Receipt): Checkpoint => ({
  ...checkpoint,
  purchases,
  at: {
    step: 'poll',
    taskId: purchases[0]?.taskId ?? '',
    acceptedAt: Date.now(),
    deadlineAt: Date.now() + 60_000,
    polls: 0,
    progress: 0,
  },
});

async function completeAndComeBack(fault: FaultRule) {
  const harness = await openHarness({ settings: { TASK_MISSING_GRACE_MS: 100 } });
  await harness.startWorker();
  const id = await harness.enqueue();
  const receipt = await harness.waitForReceipt(id);
  harness.simulator.faults.add(fault);
  await comeBackOlder(harness, atPoll(await harness.readCheckpoint(id), receipt));
  await until(async () => (await harness.queues.render.getJobState(id)) === 'completed');
  return { harness, id, receipt };
}

requires('redis').describe('a render whose checkpoint is older than its end', () => {
  test('a completed render stays completed, although the provider has forgotten its task', async () => {
    const { harness, id, receipt } = await completeAndComeBack({ kind: 'query_404', rate: 1 });
    expect(await harness.ledger.readReceipt(id)).toEqual(receipt);
    expect(await harness.queues.deadLetter.getJob(id)).toBeUndefined();
  });

  test('a completed render is not bought again', async () => {
    const { harness, id, receipt } = await completeAndComeBack({ kind: 'expired', rate: 1 });
    expect(await harness.ledger.readReceipt(id)).toEqual(receipt);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a canceled render stays canceled, although its task completes', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'query_500', rate: 1 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'poll');
    const polling = await harness.readCheckpoint(id);
    await harness.cancel(id);
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.status).toBe('canceled');
    harness.simulator.faults.clear();
    await comeBackOlder(harness, polling);
    await until(async () => (await harness.queues.render.getJobState(id)) === 'completed');
    expect(await harness.ledger.readReceipt(id)).toEqual(receipt);
  });
});
