import { fileURLToPath } from 'node:url';
import { cleanup, databaseDir, requires, service, spawnNode, uniquePrefix } from '@darkroom/testkit';
import { describe, expect, test, vi } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { waitForState } from '../support/engine-harness.ts';

const entry = fileURLToPath(new URL('./fixtures/worker-process.ts', import.meta.url));
// On a busy machine, processes and hundreds of jobs on the embedded engine take many seconds.
vi.setConfig({ testTimeout: 120_000 });

const report = (error: Error, where: string) => console.error(where, error);

requires('redis').describe('a killed worker process on Redis', () => {
  test('a killed worker leaves its job, with its data, to the next worker', async () => {
    const env = { QUEUE_URL: service('redis').url, PREFIX: uniquePrefix() };
    const engine = await openEngine({
      queueUrl: env.QUEUE_URL,
      dataDir: '',
      role: 'producer',
      prefix: env.PREFIX,
      onError: report,
    });
    cleanup(() => engine.close());
    const queue = engine.queue('render');
    const first = spawnNode(entry, { env: { ...env, HOLD: '1' }, name: 'first' });
    await queue.add('render', { step: 'submit' }, { jobId: 'r.1', attempts: 1 });
    await first.waitForLine('holds r.1');
    await first.kill('SIGKILL');
    const second = spawnNode(entry, { env, name: 'second' });
    await second.waitForLine('started r.1 {"step":"poll"}');
    const job = await waitForState(queue, 'r.1', 'completed');
    expect(job).toMatchObject({ attemptsMade: 1, stalledCounter: 1, returnvalue: 'image' });
  });
});

describe('a killed process with the embedded engine', () => {
  test('a killed process loses no added job, and its jobs run again when the folder is opened again', async () => {
    const env = { DATA_DIR: await databaseDir(openEngine) };
    const first = spawnNode(entry, { env: { ...env, HOLD: '1', ADD: '500' }, name: 'first' });
    await first.waitForLine('holds r.0');
    await first.waitForLine('added r.100');
    await first.kill('SIGKILL');
    const added = first.lines.filter((line) => line.startsWith('added ')).map((line) => line.slice(6));
    const held = first.lines.filter((line) => line.startsWith('holds ')).map((line) => line.slice(6));

    const engine = await openEngine({ dataDir: env.DATA_DIR, role: 'both', onError: report });
    cleanup(() => engine.close());
    const queue = engine.queue<{ step: string }, string>('render');
    const seen = new Map<string, string>();
    engine.worker<{ step: string }, string>(
      'render',
      async (job) => {
        seen.set(job.id ?? '', job.data.step);
        return 'image';
      },
      { concurrency: 4, lockDuration: 1_000, stalledInterval: 500 },
    );
    for (const id of added) {
      const job = await waitForState(queue, id, 'completed', 60_000);
      expect(job.attemptsMade).toBe(1);
    }
    expect(held).toContain('r.0');
    for (const id of added) expect(seen.get(id)).toBe(held.includes(id) ? 'poll' : 'submit');
  });
});
