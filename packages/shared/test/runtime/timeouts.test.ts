import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { setAwakeTimeout } from '../../src/runtime/index.ts';

test('time in which the process stood still is not taken for silence, and a limit is reached all the same', async () => {
  const began = performance.now();
  let late = 0;
  setAwakeTimeout(500, () => {
    late = performance.now();
  });
  while (performance.now() - began < 1_500);
  // One turn of the event loop: what came meanwhile is read in it.
  await new Promise((turn) => setImmediate(turn));
  expect(late).toBe(0);
  await until(() => late);
  // Nine of ten slices were still to come; timers may be early by a millisecond each.
  expect(late - began).toBeGreaterThan(1_500 + 400);
});

test('what is stopped never comes', async () => {
  let late = 0;
  const stop = setAwakeTimeout(20, () => {
    late += 1;
  });
  stop();
  const other = Promise.withResolvers<void>();
  setAwakeTimeout(60, other.resolve);
  await other.promise;
  expect(late).toBe(0);
});
