import { expect, test } from 'vitest';
import { type Forecasted, simulateDrain } from '../support/simulated-drain.ts';

const NIGHT = { renders: 600, quota: 5, failing: 0.06, maxPurchases: 3 };
const SEEDS = Array.from({ length: 8 }, (_, seed) => seed + 1);

/** The share of the renders that ended before their ETA. */
const shareBefore = (quantile: 'p50' | 'p90', forecasts: readonly Forecasted[]): number =>
  forecasts.filter(({ eta, endedAt }) => !('reason' in eta) && endedAt <= eta[quantile]).length /
  forecasts.length;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test('in simulated drains, 85 % of the renders end before their p90 ETA, and about half before their p50', () => {
  const drains = SEEDS.map((seed) => simulateDrain({ ...NIGHT, seed }));
  for (const forecasts of drains) {
    expect(forecasts.length).toBeGreaterThan(1_000);
    // None is missing while renders end.
    expect(forecasts.filter(({ eta }) => 'reason' in eta)).toEqual([]);
  }
  const before = drains.map((forecasts) => shareBefore('p90', forecasts));
  expect(Math.min(...before)).toBeGreaterThan(0.8);
  expect(mean(before)).toBeGreaterThanOrEqual(0.85);
  const half = mean(drains.map((forecasts) => shareBefore('p50', forecasts)));
  expect(half).toBeGreaterThan(0.35);
  expect(half).toBeLessThan(0.65);
});
