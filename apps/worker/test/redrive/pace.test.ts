import { expect, test } from 'vitest';
import { takeDue } from '../../src/redrive/pace.ts';

/** Starts renders with a clock that `step` moves. @returns the times (ms) of all starts. */
function run(rate: number, { forMs, step }: { forMs: number; step: (now: number) => number }): number[] {
  const starts: number[] = [];
  let nextAt = 0;
  for (let now = 0; now < forMs; now = step(now)) {
    const pace = takeDue(nextAt, now, rate);
    nextAt = pace.nextAt;
    for (let one = 0; one < pace.due; one += 1) starts.push(now);
  }
  return starts;
}

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

test('of a gap of a minute only one second is made up for', () => {
  const starts = run(50, {
    forMs: 80_000,
    step: (now) => (now >= 10_000 && now < 70_000 ? 70_000 : now + 10),
  });
  const inSecondAfter = starts.filter((at) => at >= 70_000 && at < 72_000).length;
  expect(inSecondAfter).toBeLessThanOrEqual(50 * 3 + 1);
});
