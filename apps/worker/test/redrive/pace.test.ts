import { expect, test } from 'vitest';
import { advancePace, countDue, type Pace, updatePace } from '../../src/redrive/pace.ts';

/** Starts renders with a clock that `step` moves. @returns the times (ms) of all starts. */
function run(rate: number, { forMs, step }: { forMs: number; step: (now: number) => number }): number[] {
  const starts: number[] = [];
  let pace: Pace = { nextAt: 0, debtMs: 0 };
  for (let now = 0; now < forMs; now = step(now)) {
    pace = updatePace(pace, now);
    const due = countDue(pace, now, rate);
    pace = advancePace(pace, due, rate);
    for (let one = 0; one < due; one += 1) starts.push(now);
  }
  return starts;
}

/** Most renders that were started within ten seconds, per second. */
const findBusiest = (starts: readonly number[]) =>
  Math.max(...starts.map((at) => starts.filter((other) => other >= at && other < at + 10_000).length)) / 10;

test.each([0.5, 7, 50, 333])(
  'a rate of %d per second is held within 5 %%, with timers that are late',
  (rate) => {
    const forMs = Math.max(20_000, 20_000 / rate);
    const starts = run(rate, { forMs, step: (now) => now + 15 + (now % 7) * 9 });
    const expected = (rate * forMs) / 1000;
    expect(starts.length).toBeGreaterThan(expected * 0.95);
    expect(starts.length).toBeLessThanOrEqual(Math.ceil(expected * 1.05));
  },
);

test('a gap of three seconds is made up for without a burst', () => {
  const starts = run(50, {
    forMs: 100_000,
    step: (now) => (now >= 5_000 && now < 8_000 ? 8_000 : now + 10),
  });
  expect(starts.length).toBeGreaterThan(50 * 100 * 0.99);
  expect(findBusiest(starts)).toBeLessThanOrEqual(50 * 1.05 + 1);
});
