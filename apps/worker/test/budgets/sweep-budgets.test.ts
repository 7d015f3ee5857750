import { listDays, nameGeneration, nameSum, readBudgets, writeBudget } from '@darkroom/shared/budgets';
import { type Purchase, sumCost } from '@darkroom/shared/render';
import { connectAdmin, requires, service } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { importPurchases } from '../../src/budgets/import-purchases.ts';
import { createBudgetSweepMemory, sweepBudgets } from '../../src/budgets/index.ts';
import { createSweepDeps, type Harness, newCheckpoint, openHarness } from '../support/harness.ts';

const PRICE = 25_000;
const CHECK_MS = 600_000;
const DAY_MS = 86_400_000;
/** Noon: the checks of a test take most of an hour, and must not cross midnight. */
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2;

/** A budget of all renders, and one of tenant `shop`, whose sums are filled. */
async function openBudgets() {
  const harness = await openHarness();
  const now = NOON;
  for (const [name, scope] of [
    ['all', {}],
    ['shop', { tenant: 'shop' }],
  ] as const)
    await writeBudget(harness.store, {
      name,
      ...scope,
      limitMicros: 1_000_000,
      per: 'day',
      since: now,
      setAt: now,
      actor: 'test',
    });
  const budgets = await readBudgets(harness.store);
  const generation = nameGeneration(budgets);
  const signal = new AbortController().signal;
  let offset = 0;
  const clock = { now: () => now + offset };
  await importPurchases({ ...harness, clock, signal }, budgets, generation);
  await harness.engine.budgetCounters.markReady(generation);
  const days = listDays(now);
  const { deps, warnings } = createSweepDeps(harness);
  const memory = createBudgetSweepMemory();
  return {
    harness,
    days,
    generation,
    warnings,
    /** Lets time pass, so that the next check is due. @returns how many purchases and sums it corrected */
    check: async () => {
      offset += CHECK_MS;
      const own = {
        engine: harness.engine,
        store: harness.store,
        memory,
        clock: { ...deps.clock, ...clock },
      };
      return await sweepBudgets({ ...deps, ...own });
    },
    readSums: () =>
      harness.engine.budgetCounters.readSums(
        generation,
        budgets.map((budget) => nameSum(budget, days.day)),
      ),
    count: async (renderId: string, names: readonly string[]) =>
      harness.engine.budgetCounters.move(generation, days, 'count', [
        {
          id: `${renderId}.1`,
          micros: PRICE,
          budgets: names.map((name) => ({
            sum: `${name}@${days.day}`,
            sumBefore: `${name}@${days.dayBefore}`,
            limitMicros: 1_000_000,
          })),
        },
      ]),
  };
}

async function endRender({ ledger }: Harness, tenant: string, purchases: Purchase[]): Promise<string> {
  const { at: _, ...render } = { ...newCheckpoint({}, Date.now()), tenant, purchases };
  await ledger.writeReceipt({
    ...render,
    status: 'failed',
    finishedAt: NOON,
    attempts: 1,
    cost: sumCost(purchases),
  });
  return render.renderId;
}

const buy = (outcome: Purchase['outcome']): Purchase => ({
  provider: 'toapis',
  attempt: 1,
  outcome,
  costMicros: PRICE,
  taskId: 't',
  acceptedAt: NOON,
});

requires('redis').describe('budgets that do not add up', () => {
  test('a purchase that was refunded or never made is released, and one that was made is counted', async () => {
    const { harness, check, readSums, count, warnings, generation, days } = await openBudgets();
    const refunded = await endRender(harness, 'shop', [buy('refunded')]);
    await count(refunded, ['all', 'shop']);
    const made = await endRender(harness, 'shop', [buy('accepted')]);
    // A render that is about to buy keeps its reservation.
    const running = await harness.enqueue();
    await count(running, ['all']);
    expect(await readSums()).toEqual([2 * PRICE, PRICE]);
    // Once is not enough: purchases move all the time.
    expect(await check()).toBe(0);
    expect(await readSums()).toEqual([2 * PRICE, PRICE]);
    expect(await check()).toBe(2);
    expect(await readSums()).toEqual([2 * PRICE, PRICE]);
    expect(warnings).toHaveLength(2);
    const counted = await harness.engine.budgetCounters.listPurchases(generation, days.day);
    expect(counted.get(`${refunded}.1`)).toBe(0);
    expect([counted.get(`${made}.1`), counted.get(`${running}.1`)]).toEqual([PRICE, PRICE]);
    expect(await check()).toBe(0);
    expect(await check()).toBe(0);
  });

  test('a sum that is not that of its purchases is filled again', async () => {
    const { harness, check, readSums, count, generation } = await openBudgets();
    const running = await harness.enqueue();
    await count(running, ['all']);
    const admin = connectAdmin(service('redis'));
    const [key = ''] = await admin.keys(`*${harness.prefix}*${generation}:sums`);
    const [field = ''] = (await admin.hkeys(key)).filter((name) => name.startsWith('all@'));
    await admin.hincrby(key, field, -7 * PRICE);
    expect((await readSums())[0]).toBe(-6 * PRICE);
    expect(await check()).toBe(0);
    expect(await check()).toBe(1);
    // Nothing can be reserved until the sums are filled again.
    expect(await harness.engine.budgetCounters.isReady(generation)).toBe(false);
  });
});
