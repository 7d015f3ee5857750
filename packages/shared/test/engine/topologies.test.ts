import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cleanup,
  connectAdmin,
  createOwnRedis,
  freePort,
  spawnRedis,
  tempDir,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { createCollector, createEngineHarness, waitForState } from '../support/engine-harness.ts';

/** Runs a delayed parent with a child, events and a counter: all that depends on slots and connections. */
async function checkEngineAt(queueUrl: string): Promise<void> {
  const failures = createCollector<string>();
  const engine = await openEngine({
    queueUrl,
    dataDir: '',
    role: 'both',
    onError: (error, where) => failures.add(`${where}: ${error.message}`),
  });
  cleanup(() => engine.close());
  await engine.ping(10_000);
  const harness = createEngineHarness(() => engine);
  const [renders, submits] = [harness.queue('render'), harness.queue('submit')];
  const events = await harness.events(renders);
  const completed = createCollector<string>();
  events.on('completed', ({ jobId }) => completed.add(jobId));
  await harness.worker(submits, async () => 'bought');
  await harness.worker(renders, async (job) => Object.values(await job.getChildrenValues())[0]);
  const render = await renders.add('render', {}, { jobId: 'r.1', delay: 3_600_000 });
  const parent = { id: 'r.1', queue: renders.qualifiedName };
  await submits.addBulk([{ name: 'submit', data: {}, opts: { jobId: 'r.1.s1', parent } }]);
  await waitForState(submits, 'r.1.s1', 'completed');
  // Not before: BullMQ does not complete a parent whose child is pending.
  await render.promote();
  expect((await waitForState(renders, 'r.1', 'completed')).returnvalue).toBe('bought');
  await completed.atLeast(1);
  // At the same time: a second later, the counter has another unit.
  const takes = await Promise.all([engine.counters.take('polls', 1), engine.counters.take('polls', 1)]);
  expect(takes.filter((ms) => ms === 0)).toHaveLength(1);
  await engine.budgetCounters.markReady('g');
  const days = { day: '2026-11-26', dayBefore: '2026-11-25' };
  const budgets = [{ sum: 'all@2026-11-26', sumBefore: 'all@2026-11-25', limitMicros: 25_000 }];
  const reserve = (id: string) => engine.budgetCounters.reserve('g', days, { id, micros: 25_000, budgets });
  expect(await Promise.all([reserve('a'), reserve('b')])).toContainEqual({ kind: 'over', index: 0 });
  expect((await engine.warnings()).join()).toMatch(/hz is 10/);
  await engine.close();
  expect(failures.all).toEqual([]);
}

withOwnRedis('the engine works on a cluster', async () => {
  // A node without other nodes does not know its own address, which ioredis needs.
  const node = await createOwnRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  await node.start();
  const admin = connectAdmin(node);
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  await checkEngineAt(`redis-cluster://127.0.0.1:${node.port}`);
});

withOwnRedis('the engine works with a sentinel', async () => {
  const master = await createOwnRedis();
  await master.start();
  const [dir, port] = [await tempDir(), await freePort()];
  const config = join(dir, 'sentinel.conf');
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`];
  await writeFile(config, [...lines, `sentinel monitor images 127.0.0.1 ${master.port} 1`, ''].join('\n'));
  await spawnRedis([config, '--sentinel'], /\+monitor master images/);
  await checkEngineAt(`redis-sentinel://127.0.0.1:${port}/images`);
});
