import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '@darkroom/shared/engine';
import { cleanup, databaseDir, type NodeProcess, spawnNode, tempDir } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Below an empty folder: the simulated provider keeps its data in a folder beside it. */
const newDataDir = async () => join(await tempDir(), 'data');

const start = (dataDir: string, ...args: string[]): NodeProcess =>
  spawnNode(MAIN, {
    name: 'start',
    args: ['--once', '--fast', '--json', ...args],
    env: { DATA_DIR: dataDir, PORT: '0', WORKER_PORT: '0' },
  });

/** Waits for the end of the process. @returns its exit code and the summary in its last line of JSON. */
async function readSummary(run: NodeProcess) {
  const { code } = await run.exited;
  const line = run.lines.findLast((one) => one.startsWith('{"accepted"'));
  return { code, summary: JSON.parse(line ?? '{}') as Record<string, unknown> };
}

/** How many tasks the provider sold, read from its journal after the processes have ended. */
async function countTasksSold(dataDir: string) {
  const simulator = await startSimulator({ dataDir: `${dataDir}-simulator`, timeScale: 0.02 });
  cleanup(() => simulator.close());
  return simulator.book.totals().tasks;
}

const progressLines = (run: NodeProcess) => run.lines.filter((line) => line.includes('/24 done'));
const queuedIn = (line: string) => Number(/(\d+) queued/.exec(line)?.[1] ?? 0);
const STOPPING = /Stopping\. Renders that have not ended continue on the next start/;
const STOPPED = /^ *Stopped\.$/;

const EXPECTED = {
  accepted: 24,
  completed: 23,
  failed: 1,
  dead_lettered: 1,
  purchases: 23,
  billed: 23,
  as_expected: true,
};

describe('start', () => {
  test('start renders the sample catalogue, and a second start buys nothing', async () => {
    const dataDir = await newDataDir();
    const firstRun = start(dataDir);
    const first = await readSummary(firstRun);
    expect(first).toMatchObject({ code: 0, summary: EXPECTED });
    expect(await readdir(String(first.summary.images))).toHaveLength(23);

    const creating = firstRun.lines.findIndex((line) =>
      line.includes('Creating the embedded queue database in'),
    );
    expect(creating).toBeGreaterThan(-1);
    expect(creating).toBeLessThan(firstRun.lines.findIndex((line) => line.startsWith('  dashboard')));

    const progress = progressLines(firstRun);
    expect(progress.at(-1)).toMatch(/24\/24 done · 1 failed · \$0\.605$/);
    const queued = progress.map(queuedIn);
    expect(queued).toEqual(queued.toSorted((one, other) => other - one));

    const secondRun = start(dataDir);
    const second = await readSummary(secondRun);
    expect(second).toMatchObject({ code: 0, summary: { ...EXPECTED, duplicates: 24 } });
    expect(secondRun.lines.join('\n')).not.toContain('Creating the embedded queue database');
    expect(await countTasksSold(dataDir)).toBe(23);
  }, 240_000);

  test('start reports a port that is in use, and serves on a free one', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    cleanup(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const run = spawnNode(MAIN, {
      name: 'start',
      args: ['--once', '--fast', '--no-catalogue'],
      env: { DATA_DIR: await databaseDir(openEngine), PORT: String(port), WORKER_PORT: '0' },
    });
    expect(await run.exited).toMatchObject({ code: 0 });
    expect(run.lines).toContainEqual(expect.stringContaining(`Port ${port} is in use`));
    expect(run.lines).not.toContainEqual(expect.stringContaining(`:${port}/`));
  }, 120_000);

  test.for<NodeJS.Signals>(['SIGINT', 'SIGKILL'])(
    'a start after %s in the middle of the catalogue continues it and buys nothing twice',
    { timeout: 240_000 },
    async (signal) => {
      const dataDir = await databaseDir(openEngine);
      const first = start(dataDir);
      // A process that is killed between an intent and its POST leaves an unknown submission. So all must be submitted.
      await first.waitForLine(/24 done(?!.*queued).*(rendering|storing)/, { timeout: 120_000 });
      await first.kill(signal);
      if (signal === 'SIGINT') {
        expect(first.lines).toContainEqual(expect.stringMatching(STOPPING));
        expect(first.lines.at(-1)).toMatch(STOPPED);
      }
      const second = await readSummary(start(dataDir));
      expect(second).toMatchObject({ code: 0, summary: EXPECTED });
      expect(await countTasksSold(dataDir)).toBe(23);
    },
  );

  test('a start after everything but the store was deleted restores the renders, and nothing is bought twice', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = start(dataDir, '--count', '30');
    await first.waitForLine(/[1-9]\d?\/30 done/, { timeout: 120_000 });
    await first.kill('SIGKILL');
    for (const name of await readdir(dataDir)) {
      if (name !== 'store') await rm(join(dataDir, name), { recursive: true });
    }
    const secondRun = start(dataDir, '--count', '30');
    const second = await readSummary(secondRun);
    expect(second).toMatchObject({ code: 0, summary: { accepted: 30, as_expected: true } });
    expect(secondRun.lines.join('\n')).toMatch(/Restored from the store: [1-9]\d* renders \(/);
    expect(await countTasksSold(dataDir)).toBe(second.summary['purchases']);
  }, 240_000);

  test('a second start on the same folder exits with 1 and names the process that uses the folder', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = spawnNode(MAIN, {
      name: 'start',
      args: ['--no-catalogue'],
      env: { DATA_DIR: dataDir, PORT: '0', WORKER_PORT: '0' },
    });
    await first.waitForLine(/Serving\./, { timeout: 60_000 });
    const second = start(dataDir);
    expect((await second.exited).code).toBe(1);
    expect(second.lines.join('\n')).toMatch(
      new RegExp(`process ${first.pid}|pid ${first.pid}|\\b${first.pid}\\b`),
    );
    expect((await first.kill('SIGTERM')).code).toBe(0);
    expect(first.lines).toContainEqual(expect.stringMatching(STOPPING));
    expect(first.lines.at(-1)).toMatch(STOPPED);
  }, 120_000);

  test('start buys nothing from the real provider without a confirmation', async () => {
    const dataDir = await newDataDir();
    const run = spawnNode(MAIN, {
      name: 'start',
      args: ['--once'],
      env: { DATA_DIR: dataDir, TOAPIS_API_KEY: 'sk-real', TOAPIS_BASE_URL: 'http://127.0.0.1:1' },
    });
    expect((await run.exited).code).toBe(2);
    expect(run.lines.join('\n')).toContain('Nothing was bought');
  });
});
