import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
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
    args: ['--once', '--json', ...args],
    env: { DATA_DIR: dataDir, PORT: '0', WORKER_PORT: '0' },
  });

const startFast = (dataDir: string, ...args: string[]) => start(dataDir, '--fast', ...args);

/** Waits for the end of the process. @returns its exit code and the summary in its last line of JSON. */
async function readSummary(started: NodeProcess) {
  const { code } = await started.exited;
  const line = started.lines.findLast((one) => one.startsWith('{"accepted"'));
  return { code, summary: JSON.parse(line ?? '{}') as Record<string, unknown> };
}

/** How many tasks the provider sold, read from its journal after the processes have ended. */
async function countTasksSold(dataDir: string) {
  const simulator = await startSimulator({ dataDir: `${dataDir}-simulator`, timeScale: 0.02 });
  cleanup(() => simulator.close());
  return simulator.book.totals().tasks;
}

/** With the one that the provider refuses. */
const COUNT = ['--count', '8'];
const EXPECTED = {
  accepted: 8,
  completed: 7,
  failed: 1,
  dead_lettered: 1,
  purchases: 7,
  billed: 7,
  as_expected: true,
};

// A process that is killed between an intent and its POST leaves an unknown submission. So all must be submitted. With
// `--fast`, all could end before the next line.
const ALL_SUBMITTED = /8 done(?!.*queued).*(rendering|storing)/;
const queuedIn = (line: string) => Number(/(\d+) queued/.exec(line)?.[1] ?? 0);
const progressLines = (run: NodeProcess) => run.lines.filter((line) => line.includes('/8 done'));
const STOPPING = /Stopping\. Renders that have not ended continue on the next start/;
const STOPPED = /^ *Stopped\.$/;

describe('start', () => {
  test('a start after SIGINT in the middle of the catalogue continues it, and a third start buys nothing', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = start(dataDir, ...COUNT);
    await first.waitForLine(ALL_SUBMITTED, { timeout: 120_000 });
    await first.kill('SIGINT');
    const queued = progressLines(first).map(queuedIn);
    expect(queued).toEqual(queued.toSorted((one, other) => other - one));
    expect(first.lines).toContainEqual(expect.stringMatching(STOPPING));
    expect(first.lines.at(-1)).toMatch(STOPPED);

    const secondRun = startFast(dataDir, ...COUNT);
    const second = await readSummary(secondRun);
    expect(second).toMatchObject({ code: 0, summary: { ...EXPECTED, earlier: 'begun' } });
    expect(progressLines(secondRun).at(-1)).toMatch(/8\/8 done · 1 failed · \$0\.180$/);
    expect(secondRun.lines.join('\n')).not.toContain('Creating the embedded queue database');
    expect(await readdir(String(second.summary['images']))).toHaveLength(7);
    expect(await readFile(String(second.summary['report_file']), 'utf8')).toContain('<html');

    const thirdRun = startFast(dataDir, ...COUNT);
    const third = await readSummary(thirdRun);
    expect(third).toMatchObject({ code: 0, summary: { ...EXPECTED, earlier: 'ended' } });
    expect(thirdRun.lines.join('\n')).toContain('This start bought nothing');
    expect(await countTasksSold(dataDir)).toBe(7);
  }, 240_000);

  test('a start after SIGKILL in the middle of the catalogue continues it and buys nothing twice', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = start(dataDir, ...COUNT);
    await first.waitForLine(ALL_SUBMITTED, { timeout: 120_000 });
    await first.kill('SIGKILL');
    const second = await readSummary(startFast(dataDir, ...COUNT));
    expect(second).toMatchObject({ code: 0, summary: EXPECTED });
    expect(await countTasksSold(dataDir)).toBe(7);
  }, 240_000);

  test('a start after everything but the store was deleted restores the renders, and nothing is bought twice', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = start(dataDir, ...COUNT);
    await first.waitForLine(ALL_SUBMITTED, { timeout: 120_000 });
    await first.kill('SIGKILL');
    for (const name of await readdir(dataDir)) {
      if (name !== 'store') await rm(join(dataDir, name), { recursive: true });
    }
    const secondRun = startFast(dataDir, ...COUNT);
    const second = await readSummary(secondRun);
    expect(second).toMatchObject({ code: 0, summary: EXPECTED });
    expect(secondRun.lines.join('\n')).toMatch(/Restored from the store: [1-9]\d* renders \(/);
    expect(await countTasksSold(dataDir)).toBe(7);
  }, 240_000);

  test('a start serves on a free port if its own is in use, and a second start on its folder names it and exits with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    cleanup(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const dataDir = await newDataDir();
    const first = spawnNode(MAIN, {
      name: 'start',
      args: ['--no-catalogue'],
      env: { DATA_DIR: dataDir, PORT: String(port), WORKER_PORT: '0' },
    });
    // It creates the database: about ten seconds of a free processor.
    await first.waitForLine(/Serving\./, { timeout: 200_000 });
    const creating = first.lines.findIndex((line) =>
      line.includes('Creating the embedded queue database in'),
    );
    expect(creating).toBeGreaterThan(-1);
    expect(creating).toBeLessThan(first.lines.findIndex((line) => line.startsWith('  dashboard')));
    expect(first.lines).toContainEqual(expect.stringContaining(`Port ${port} is in use`));
    expect(first.lines).not.toContainEqual(expect.stringContaining(`:${port}/`));

    const second = startFast(dataDir);
    expect((await second.exited).code).toBe(1);
    expect(second.lines.join('\n')).toMatch(
      new RegExp(`process ${first.pid}|pid ${first.pid}|\\b${first.pid}\\b`),
    );
    expect((await first.kill('SIGTERM')).code).toBe(0);
    expect(first.lines).toContainEqual(expect.stringMatching(STOPPING));
    expect(first.lines.at(-1)).toMatch(STOPPED);
  }, 240_000);

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
