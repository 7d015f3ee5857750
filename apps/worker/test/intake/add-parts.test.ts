import { expect, test } from 'vitest';
import { addParts } from '../../src/intake/index.ts';

const openSource = (pending: number, stopAfter = Number.POSITIVE_INFINITY) => {
  const added: number[] = [];
  return {
    added,
    partSize: 500,
    countPending: () => pending + 500 * added.length,
    isStopped: async () => added.length >= stopAfter,
    add: async (part: number) => void added.push(part),
  };
};
const { signal } = new AbortController();

test('parts are added in their order while at most 2,000 renders are pending', async () => {
  const source = openSource(600);
  expect(await addParts([3, 4, 5, 6, 7], source, signal)).toBe(2);
  expect(source.added).toEqual([3, 4]);
  expect(await addParts([5, 6], openSource(1_501), signal)).toBe(0);
});

test('no part is added after a stop that came while parts were added, or after an abort', async () => {
  const source = openSource(0, 1);
  expect(await addParts([0, 1, 2], source, signal)).toBe(1);
  await expect(addParts([0], openSource(0), AbortSignal.abort())).rejects.toThrow();
});
