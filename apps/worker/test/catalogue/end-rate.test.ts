import { expect, test } from 'vitest';
import { createEndRate } from '../../src/catalogue/end-rate.ts';

const MINUTE = 60_000;

test('the rate of a run is that of its last ten minutes, and unknown while nothing ends', () => {
  const rate = createEndRate();
  rate.note(0, 500);
  // A run that goes on after a kill has ended items, and no rate yet.
  expect(rate.perMinute(0)).toBeUndefined();
  rate.note(1_000, 510);
  expect(rate.perMinute(1_000)).toBe(600);
  for (let minute = 1; minute <= 30; minute += 1) rate.note(minute * MINUTE, 510 + minute * 10);
  expect(rate.perMinute(30 * MINUTE)).toBeCloseTo(10);
  for (let minute = 31; minute <= 50; minute += 1) rate.note(minute * MINUTE, 810);
  expect(rate.perMinute(50 * MINUTE)).toBeUndefined();
});
