import type { BalanceReading } from '@darkroom/shared/balance';
import { expect, test } from 'vitest';
import { chooseWindow, describeChange, isQuiet } from '../../src/reconcile/choose-readings.ts';
import { type BalanceChange, type Books, judge } from '../../src/reconcile/judge.ts';

const MINUTE = 60_000;
const DAY = Date.UTC(2026, 10, 26);
const edgeMs = 90_000;

const readAt = (minutes: number, micros: number): BalanceReading => ({
  at: DAY + minutes * MINUTE,
  micros,
  account: 'a',
});

const unknown = (...prices: number[]): Books['unknown'] =>
  prices.map((micros, at) => ({ renderId: `rnd_${at}`, tenant: 'shop', attempt: 1, micros, claimedAt: 0 }));

const judgeWith = (books: Partial<Books>, change: Partial<BalanceChange> = {}) =>
  judge(
    { chargedMicros: 75_000, refundedMicros: 25_000, unknown: [], doubts: new Map(), ...books },
    {
      beforeMicros: 1_000_000,
      afterMicros: 950_000,
      topUpsMicros: 0,
      risenMicros: 0,
      isBeforeQuiet: true,
      isAfterQuiet: true,
      ...change,
    },
  );

test('the balance proves all or none only by exactly their price, and each doubt prevents a proof', () => {
  expect(judgeWith({}).result).toBe('balanced');
  expect(judgeWith({}, { afterMicros: 949_999 })).toMatchObject({
    remainderMicros: 1,
    result: 'unexplained',
  });
  const two = { unknown: unknown(25_000, 30_000) };
  expect(judgeWith(two).result).toBe('none_bought');
  expect(judgeWith(two, { afterMicros: 895_000 }).result).toBe('all_bought');
  for (const afterMicros of [925_000, 920_000, 895_001, 894_999, 950_001])
    expect(judgeWith(two, { afterMicros }).result).toBe('unproven');
  const doubtful: [Partial<Books>, Partial<BalanceChange>][] = [
    [{ doubts: new Map([['open_task', 1]]) }, {}],
    [{}, { isBeforeQuiet: false }],
    [{}, { isAfterQuiet: false }],
    [{}, { risenMicros: 25_001 }],
    [{ unknown: unknown(0) }, {}],
    [{ chargedMicros: 25_000 }, { afterMicros: 1_000_000 }],
  ];
  for (const [books, change] of doubtful) {
    const judged = judgeWith({ ...two, ...books }, change);
    expect([judged.result, judged.doubts.length]).toEqual(['unproven', 1]);
  }
  // A rise that a top-up or a refund explains is no doubt.
  expect(judgeWith(two, { risenMicros: 25_000 }).result).toBe('none_bought');
  const toppedUp = { afterMicros: 1_450_000, topUpsMicros: 500_000, risenMicros: 500_000 };
  expect(judgeWith(two, toppedUp).result).toBe('none_bought');
});

test('an edge is the last reading before it at which the balance did not move, so the windows of days touch', () => {
  const readings = [
    readAt(-20, 100),
    readAt(-15, 100),
    readAt(-10, 100),
    readAt(-5, 90),
    readAt(1, 80),
    readAt(600, 50),
    readAt(605, 50),
    readAt(1_435, 50),
    readAt(1_439, 50),
    readAt(1_445, 50),
    readAt(1_450, 40),
  ];
  const quiet = { edgeMs, now: DAY + 3_000 * MINUTE };
  const find = (from: number, to: number) =>
    chooseWindow(readings, { from: DAY + from * MINUTE, to: DAY + to * MINUTE }, quiet);
  const day = find(0, 1_440);
  expect([day?.before.at, day?.after.at]).toEqual([DAY - 15 * MINUTE, DAY + 1_439 * MINUTE]);
  // Without a quiet reading near it, the last one counts, and is no clean edge.
  expect(find(1_440, 1_500)).toMatchObject({ before: day?.after });
  expect(find(1_440, 1_500)?.after.at).toBe(DAY + 1_450 * MINUTE);
  expect(find(-100, -21)).toBeUndefined();
  const rising = [readAt(0, 100), readAt(5, 80), readAt(10, 95), readAt(15, 70), readAt(20, 71)];
  const edges = { from: DAY, to: DAY + 20 * MINUTE };
  const whole = chooseWindow(rising, edges, { edgeMs, now: edges.to });
  if (!whole) throw new Error('no window');
  expect(describeChange(rising, whole, { edgeMs, now: edges.to, topUpsMicros: 0 })).toMatchObject({
    beforeMicros: 100,
    afterMicros: 71,
    risenMicros: 16,
    isBeforeQuiet: false,
  });
});

test('a reading is a clean edge only if the balance stayed for the time that a submission can be on its way', () => {
  const now = DAY + 10 * MINUTE;
  const readings = [readAt(0, 100), readAt(1, 100), readAt(2, 100), readAt(3, 100), readAt(9, 100)];
  expect(isQuiet(readings, 2, { edgeMs, now })).toBe(true);
  expect(isQuiet(readings, 1, { edgeMs, now })).toBe(false);
  // The newest one: only if it was just made.
  expect(isQuiet(readings, 4, { edgeMs, now })).toBe(true);
  expect(isQuiet(readings, 4, { edgeMs, now: now + 5 * MINUTE })).toBe(false);
  const moved = [readAt(0, 100), readAt(2, 100), readAt(4, 75)];
  expect(isQuiet(moved, 1, { edgeMs, now })).toBe(false);
});
