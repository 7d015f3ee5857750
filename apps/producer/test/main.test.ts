import { fileURLToPath } from 'node:url';
import { plantSecret, requires, service, spawnNode, tempDir, uniquePrefix } from '@darkroom/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('`--help` lists the settings with their defaults', async () => {
  const { lines, exited } = spawnNode(MAIN, { args: ['--help'] });
  expect(await exited).toEqual({ code: 0, signal: null });
  expect(lines.join('\n')).toMatch(/PORT .*\(3000\)/);
});

test('the producer names all invalid settings and exits with 2', async () => {
  const env = { NODE_ENV: 'production', PORT: 'x', LOG_LEVEL: 'loud', STORE_URL: 'https://bucket' };
  const { lines, exited } = spawnNode(MAIN, { env });
  expect((await exited).code).toBe(2);
  for (const name of ['QUEUE_URL', 'STORE_URL', 'PORT', 'LOG_LEVEL'])
    expect(lines.join('\n')).toContain(name);
});

requires('redis').test(
  'the producer serves until SIGTERM and then exits with 0, also after a second signal',
  async () => {
    const dir = await tempDir();
    const env = {
      QUEUE_URL: service('redis').url,
      QUEUE_PREFIX: uniquePrefix(),
      STORE_URL: `file://${dir}/store`,
      DATA_DIR: dir,
      TOAPIS_API_KEY: plantSecret(),
      PORT: '0',
    };
    const main = spawnNode(MAIN, { env });
    const line = await main.waitForLine(/accepts renders at/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    const response = await fetch(`${url}/v1/renders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        prompt: 'x',
        image_urls: ['https://example.com/a.png?X-Amz-Signature=0123456789abcdef'],
      }),
    });
    expect(response.status).toBe(202);
    main.signal('SIGTERM');
    expect(await main.kill('SIGINT')).toEqual({ code: 0, signal: null });
    expect(main.lines.join('\n')).not.toContain(env.TOAPIS_API_KEY);
  },
);
