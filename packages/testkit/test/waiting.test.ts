import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { latch, tempDir, until } from '../src/index.ts';

let dir = '';
afterAll(() => expect(existsSync(dir)).toBe(false));

test('a temporary folder is gone when its test is over', async () => {
  dir = await tempDir();
  expect(existsSync(dir)).toBe(true);
});

test('a latch lets through all who wait, before and after it opens', async () => {
  const gate = latch<number>();
  const early = gate.wait();
  expect(gate.opened).toBe(false);
  gate.open(7);
  expect([await early, await gate.wait(), gate.opened]).toEqual([7, 7, true]);
  await expect(latch().wait(5)).rejects.toThrow('not opened within 5 ms');
});

test('until answers with what the condition found, or fails with its last error', async () => {
  let looks = 0;
  expect(await until(() => (looks += 1) > 2 && 'found', { every: 1 })).toBe('found');
  const broken = () => {
    throw new Error('still broken');
  };
  const failure = await until(broken, { timeout: 5, what: 'the thing' }).catch((error: Error) => error);
  expect(failure).toMatchObject({
    message: 'the thing was not so within 5 ms',
    cause: { message: 'still broken' },
  });
});
