import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { latch, tempDir, until } from '../src/index.ts';

let dir = '';
let beside = '';
afterAll(() => expect([dir, beside].filter(existsSync)).toEqual([]));

test('a temporary folder, and what a process puts beside it, are removed when its test is over', async () => {
  dir = await tempDir();
  beside = `${dir}-simulator`;
  mkdirSync(beside);
  expect([dir, beside].filter(existsSync)).toHaveLength(2);
});

test('a latch resolves every wait, before and after it opens', async () => {
  const gate = latch<number>();
  const early = gate.wait();
  expect(gate.opened).toBe(false);
  gate.open(7);
  expect([await early, await gate.wait(), gate.opened]).toEqual([7, 7, true]);
  await expect(latch().wait(5)).rejects.toThrow('not opened within 5 ms');
});

test('until returns the value of the condition, or fails with its last error', async () => {
  let polls = 0;
  expect(await until(() => (polls += 1) > 2 && 'found', { every: 1 })).toBe('found');
  const broken = () => {
    throw new Error('still broken');
  };
  const failure = await until(broken, { timeout: 5, what: 'the thing' }).catch((error: Error) => error);
  expect(failure).toMatchObject({
    message: 'the thing did not become true within 5 ms',
    cause: { message: 'still broken' },
  });
});
