import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runOutput, spawnNode, uniquePrefix } from '../src/index.ts';

const talker = fileURLToPath(new URL('./fixtures/talker.ts', import.meta.url));

test('a process gets only its own environment, and its lines are kept for the whole run', async () => {
  const greeting = uniquePrefix();
  const child = spawnNode(talker, { env: { GREETING: greeting } });
  await child.waitForLine('ready');
  expect(child.lines).toContain(`hello ${greeting} clean`);
  await child.waitForLine('to stderr');
  expect(await child.kill()).toEqual({ code: 0, signal: null });
  expect(child.lines.at(-1)).toBe('bye');
  expect(await runOutput()).toContain(`] hello ${greeting} clean\n`);
});

test('a wait for a line fails at once when the process was killed', async () => {
  const child = spawnNode(talker);
  await child.waitForLine(/^ready$/);
  expect(await child.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await expect(child.waitForLine('never')).rejects.toThrow('ended with SIGKILL');
});

test('a process that ignores its signal is killed and reported', async () => {
  const child = spawnNode(talker, { env: { DEAF: '1' } });
  await child.waitForLine('ready');
  await expect(child.kill('SIGTERM', { timeout: 100 })).rejects.toThrow('did not end within 100 ms');
  expect((await child.exited).signal).toBe('SIGKILL');
});
