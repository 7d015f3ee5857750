import { expect, test } from 'vitest';
import type { BudgetCounters } from '../../../src/engine/index.ts';
import type { EngineHarness } from '../../support/engine-harness.ts';

const [DAY, NEXT] = ['2026-11-26', '2026-11-27'];
const TODAY = { day: DAY, dayBefore: '2026-11-25' };
const TOMORROW = { day: NEXT, dayBefore: DAY };

/** A budget per day and one in total, as a purchase on a day of `days` sees them. */
const purchase = (id: string, { day, dayBefore } = TODAY, micros = 10) => ({
  id,
  micros,
  budgets: [
    { sum: `daily@${day}`, sumBefore: `daily@${dayBefore}`, limitMicros: 30 },
    { sum: 'run@total', sumBefore: 'run@total', limitMicros: 40 },
  ],
});

let generations = 0;
const open = async (harness: EngineHarness) => {
  const counters = harness.engine().budgetCounters;
  const name = `g${++generations}`;
  await counters.markReady(name);
  return { counters, name };
};

const readSums = (counters: BudgetCounters, name: string) =>
  counters.readSums(name, [`daily@${DAY}`, `daily@${NEXT}`, 'run@total']);

export function testBudgetCounters(harness: EngineHarness): void {
  test('of many reservations at once, exactly those succeed that fit in all budgets', async () => {
    const { counters, name } = await open(harness);
    const ids = Array.from({ length: 20 }, (_, n) => `r${n}.1`);
    const answers = await Promise.all(ids.map((id) => counters.reserve(name, TODAY, purchase(id))));
    expect(answers.filter(({ kind }) => kind === 'reserved')).toHaveLength(3);
    expect(answers).toContainEqual({ kind: 'over', index: 0 });
    expect(await readSums(counters, name)).toEqual([30, 0, 30]);
    // The day has renewed. The second purchase exceeds the total, and then counts against neither.
    const next = (id: string) => counters.reserve(name, TOMORROW, purchase(id, TOMORROW));
    expect(await next('n1.1')).toEqual({ kind: 'reserved' });
    expect(await next('n2.1')).toEqual({ kind: 'over', index: 1 });
    expect(await readSums(counters, name)).toEqual([30, 10, 40]);
  });

  test('a repeated move changes nothing, also on the next day', async () => {
    const { counters, name } = await open(harness);
    for (const days of [TODAY, TODAY, TOMORROW]) {
      expect(await counters.reserve(name, days, purchase('a.1', days))).toEqual({ kind: 'reserved' });
      await counters.move(name, days, 'count', [purchase('a.1', days)]);
      await counters.move(name, days, 'import', [purchase('a.1', days)]);
    }
    expect(await readSums(counters, name)).toEqual([10, 0, 10]);
    for (let times = 0; times < 2; times += 1)
      await counters.move(name, TOMORROW, 'release', [purchase('a.1', TOMORROW)]);
    expect(await readSums(counters, name)).toEqual([0, 0, 0]);
  });

  test('a released purchase is not imported again, but the next claim of its attempt is counted', async () => {
    const { counters, name } = await open(harness);
    await counters.move(name, TODAY, 'release', [purchase('a.1')]);
    await counters.move(name, TODAY, 'import', [purchase('a.1'), purchase('b.1')]);
    expect(await readSums(counters, name)).toEqual([10, 0, 10]);
    expect(await counters.reserve(name, TODAY, purchase('a.1'))).toEqual({ kind: 'reserved' });
    expect(await readSums(counters, name)).toEqual([20, 0, 20]);
  });

  test('nothing is reserved before the sums are ready; purchases that were made count also above a limit', async () => {
    const { counters } = await open(harness);
    expect(await counters.reserve('new', TODAY, purchase('a.1'))).toEqual({ kind: 'not_ready' });
    expect(await counters.isReady('new')).toBe(false);
    await counters.move('new', TODAY, 'count', [purchase('a.1', TODAY, 35), purchase('b.1')]);
    await counters.markReady('new');
    expect(await counters.isReady('new')).toBe(true);
    expect(await counters.reserve('new', TODAY, purchase('a.1'))).toEqual({ kind: 'reserved' });
    expect(await counters.reserve('new', TODAY, purchase('c.1'))).toEqual({ kind: 'over', index: 0 });
    expect(await readSums(counters, 'new')).toEqual([45, 0, 45]);
  });
}
