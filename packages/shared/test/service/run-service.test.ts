import { fileURLToPath } from 'node:url';
import { plantSecret, spawnNode, tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';

const entry = fileURLToPath(new URL('./fixtures/hanging-service.ts', import.meta.url));

test('SIGTERM ends a process whose service does not close, soon after SHUTDOWN_TIMEOUT_MS, and the log says so', async () => {
  const service = spawnNode(entry, { env: { DATA_DIR: await tempDir(), SHUTDOWN_TIMEOUT_MS: '100' } });
  await service.waitForLine('hanging service started');
  // The process has 10 s more than SHUTDOWN_TIMEOUT_MS.
  expect(await service.kill('SIGTERM', { timeout: 20_000 })).toEqual({ code: 1, signal: null });
  const line = service.lines.find((text) => text.includes('did not stop in time')) ?? '';
  expect(JSON.parse(line)).toMatchObject({ level: 'error', signal: 'SIGTERM', limitMs: 10_100 });
});

test('a process with an unencoded password in QUEUE_URL exits with an error that does not contain it', async () => {
  const password = `${plantSecret()}/a@b`;
  const env = { QUEUE_URL: `redis://:${password}@127.0.0.1:1`, DATA_DIR: await tempDir() };
  const service = spawnNode(entry, { env });
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.lines.join('\n')).toMatch(
    /QUEUE_URL has a user name or password .*percent-encoded: write %40 for @/,
  );
  expect(service.lines.join('\n')).not.toContain(password.slice(0, 8));
});
