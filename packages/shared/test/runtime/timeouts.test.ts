import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { raceTimeout, setAwakeTimeout } from '../../src/runtime/index.ts';

test('setAwakeTimeout() does not count the time in which the process stood still, and still ends', async () => {
  const began = performance.now();
  let late = 0;
  setAwakeTimeout(500, () => {
    late = performance.now();
  });
  while (performance.now() - began < 1_500);
  // One turn of the event loop, in which a process reads the answers that arrived meanwhile.
  await new Promise((turn) => setImmediate(turn));
  expect(late).toBe(0);
  await until(() => late);
  // Nine of ten slices were left. Each timer may be early by a millisecond.
  expect(late - began).toBeGreaterThan(1_500 + 400);
});

test('a canceled timeout never fires', async () => {
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

test('raceTimeout() ends as its work does', async () => {
  const onTimeout = () => new Error('late');
  expect(await raceTimeout(Promise.resolve('done'), 10_000, onTimeout)).toBe('done');
  await expect(raceTimeout(Promise.reject(new Error('broken')), 10_000, onTimeout)).rejects.toThrow('broken');
});

test('raceTimeout() rejects with the error of onTimeout when its work takes too long', async () => {
  await expect(raceTimeout(new Promise(() => {}), 20, () => new Error('late'))).rejects.toThrow('late');
});
