import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { cleanup, type NodeProcess, spawnNode, tempDir } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const start = (dataDir: string, ...args: string[]): NodeProcess =>
  spawnNode(MAIN, {
    name: 'start',
    args: ['--once', '--fast', '--json', ...args],
    env: { DATA_DIR: dataDir, PORT: '0', WORKER_PORT: '0' },
  });

async function summaryOf(run: NodeProcess) {
  const { code } = await run.exited;
  const line = run.lines.findLast((one) => one.startsWith('{"accepted"'));
  return { code, summary: JSON.parse(line ?? '{}') as Record<string, unknown> };
}

/** What the provider itself says it sold, read from its journal after the processes are gone. */
async function soldAccordingToProvider(dataDir: string) {
  const simulator = await startSimulator({ dataDir: `${dataDir}/simulator`, timeScale: 0.02 });
  cleanup(() => simulator.close());
  return simulator.book.totals().tasks;
}

const EXPECTED = {
  accepted: 24,
  completed: 23,
  failed: 1,
  dead_lettered: 1,
  purchases: 23,
  billed: 23,
  as_expected: true,
};

describe('the demo', () => {
  test('start renders the sample catalogue as promised, and a second start buys nothing', async () => {
    const dataDir = await tempDir();
    const first = await summaryOf(start(dataDir));
    expect(first).toMatchObject({ code: 0, summary: EXPECTED });
    expect(await readdir(String(first.summary.images))).toHaveLength(23);
    const second = await summaryOf(start(dataDir));
    expect(second).toMatchObject({ code: 0, summary: { ...EXPECTED, duplicates: 24 } });
    expect(await soldAccordingToProvider(dataDir)).toBe(23);
  }, 240_000);

  test('a port that somebody has is told, and another one serves', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    cleanup(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const run = spawnNode(MAIN, {
      name: 'start',
      args: ['--once', '--fast', '--no-catalogue'],
      env: { DATA_DIR: await tempDir(), PORT: String(port), WORKER_PORT: '0' },
    });
    expect(await run.exited).toMatchObject({ code: 0 });
    expect(run.lines).toContainEqual(expect.stringContaining(`Port ${port} is taken`));
    expect(run.lines).not.toContainEqual(expect.stringContaining(`:${port}/`));
  }, 120_000);

  test.for<NodeJS.Signals>(['SIGINT', 'SIGKILL'])(
    'interrupted with %s in the middle and started again, it goes on and buys nothing twice',
    { timeout: 240_000 },
    async (signal) => {
      const dataDir = await tempDir();
      const first = start(dataDir);
      await first.waitForLine(/[2-9]\/24 done|1\d\/24 done/, { timeout: 120_000 });
      await first.kill(signal);
      const second = await summaryOf(start(dataDir));
      expect(second).toMatchObject({ code: 0, summary: EXPECTED });
      expect(await soldAccordingToProvider(dataDir)).toBe(23);
    },
  );

  test('a second start on the same folder is refused with a sentence that says what to do', async () => {
    const dataDir = await tempDir();
    const first = spawnNode(MAIN, {
      name: 'start',
      args: ['--no-catalogue'],
      env: { DATA_DIR: dataDir, PORT: '0', WORKER_PORT: '0' },
    });
    await first.waitForLine(/Serving until/, { timeout: 60_000 });
    const second = start(dataDir);
    expect((await second.exited).code).toBe(1);
    expect(second.lines.join('\n')).toMatch(
      new RegExp(`process ${first.pid}|pid ${first.pid}|\\b${first.pid}\\b`),
    );
    expect((await first.kill('SIGTERM')).code).toBe(0);
  }, 120_000);

  test('with a key for the real provider nothing is bought without a yes', async () => {
    const dataDir = await tempDir();
    const run = spawnNode(MAIN, {
      name: 'start',
      args: ['--once'],
      env: { DATA_DIR: dataDir, TOAPIS_API_KEY: 'sk-real', TOAPIS_BASE_URL: 'http://127.0.0.1:1' },
    });
    expect((await run.exited).code).toBe(2);
    expect(run.lines.join('\n')).toContain('Nothing was bought');
  });
});
