import type { Statement } from '@darkroom/shared/ledger';
import { sumCost } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import type { RunningWorker } from '../../src/index.ts';
import { type Harness, openHarness } from '../support/harness.ts';

/** A render that failed because the outcome of its purchase is unknown. `charged`: whether the provider charged it. */
async function failUnknown(fault: FaultRule) {
  const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 200 } });
  harness.simulator.faults.add(fault);
  const worker = await harness.startWorker();
  const id = await harness.enqueue();
  expect((await harness.waitForReceipt(id)).failure?.code).toBe('submission_unknown');
  return { harness, id, worker };
}

/** The amounts of the worker's metrics, in dollars, without those that are zero. */
async function readSpend({ url }: RunningWorker): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const amounts: Record<string, number> = {};
  for (const [, corrections, amount = '', value] of text.matchAll(
    /^darkroom_spend_(corrections_)?dollars_total\{amount="(\w+)"\} (\S+)$/gm,
  )) {
    amounts[amount] = (amounts[amount] ?? 0) + (corrections ? -1 : 1) * Number(value);
  }
  return Object.fromEntries(Object.entries(amounts).filter(([, value]) => value !== 0));
}

async function state(harness: Harness, id: string, statement: Pick<Statement, 'kind' | 'taskId' | 'note'>) {
  await harness.ledger.addStatement(id, 1, { ...statement, actor: 'ann' });
  await harness.redrive(id);
  await until(async () => (await harness.ledger.readReceipt(id))?.status === 'completed', {
    timeout: 30_000,
  });
  return harness.waitForReceipt(id);
}

requires('redis').describe("an operator's statement about a purchase", () => {
  test('an unknown purchase that was bought goes on with its task, and nothing is bought again', async () => {
    const { harness, id } = await failUnknown({ kind: 'accept_then_cut' });
    expect((await harness.ledger.readReceipt(id))?.cost).toEqual({
      ...sumCost([]),
      possiblySpentMicros: 25_000,
    });
    const taskId = harness.simulator.book.byBusinessId(id)[0]?.taskId ?? '';
    const statedAt = Date.now();
    const receipt = await state(harness, id, { kind: 'bought', taskId, note: 'seen in the console' });
    // Spend counts it when it was made, not when it was stated.
    expect(receipt.purchases[0]?.acceptedAt).toBeLessThan(statedAt);
    expect(receipt.cost).toEqual({ ...sumCost([]), spentMicros: 25_000 });
    expect(receipt.purchases).toMatchObject([{ taskId, outcome: 'accepted' }]);
    expect(receipt.notes?.map(({ text }) => text)).toContain(
      `stated by ann (seen in the console): it was bought as ${taskId}`,
    );
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject({ taskId, source: 'operator' });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('an unknown purchase that was not bought is bought now, and costs nothing', async () => {
    const { harness, id, worker } = await failUnknown({ kind: 'cut_before' });
    expect(await readSpend(worker)).toEqual({ possibly_spent: 0.025 });
    const receipt = await state(harness, id, { kind: 'not_bought' });
    expect(await readSpend(worker)).toEqual({ spent: 0.025 });
    expect(receipt.cost).toEqual({ ...sumCost([]), spentMicros: 25_000 });
    expect(receipt.purchases).toMatchObject([{ attempt: 2 }]);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('an unknown purchase is bought again if an operator accepts a second charge, and stays possibly spent', async () => {
    const { harness, id } = await failUnknown({ kind: 'accept_then_cut' });
    const receipt = await state(harness, id, { kind: 'buy_again' });
    expect(receipt.cost).toEqual({ ...sumCost([]), spentMicros: 25_000, possiblySpentMicros: 25_000 });
    expect(harness.countPurchases(id)).toEqual({ charged: 2, refunded: 0 });
  });

  test('a held render goes on with a statement before its grace time is over', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 600_000 } });
    harness.simulator.faults.add({ kind: 'cut_before' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'hold');
    await harness.ledger.addStatement(id, 1, { kind: 'not_bought', actor: 'ann' });
    await until(async () => (await harness.queues.render.getJob(id))?.isDelayed() ?? false);
    await (await harness.queues.render.getJob(id))?.promote();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a render whose task never ends can be bought again', async () => {
    const harness = await openHarness({ settings: { TASK_DEADLINE_MS: 600 } });
    harness.simulator.faults.add({ kind: 'stuck' });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('task_timeout');
    const receipt = await state(harness, id, { kind: 'buy_again' });
    expect(receipt.cost).toEqual({ ...sumCost([]), spentMicros: 25_000, possiblySpentMicros: 25_000 });
    expect(receipt.purchases).toMatchObject([{ outcome: 'unknown' }, { outcome: 'accepted' }]);
    expect(harness.countPurchases(id).charged).toBe(2);
  });
});
