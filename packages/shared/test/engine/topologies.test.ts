import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanup, freePort, tempDir, until } from '@darkroom/testkit';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { createCollector, createEngineHarness, waitForState } from '../support/engine-harness.ts';
import { createOwnRedis, spawnRedis, withOwnRedis } from '../support/own-redis.ts';

/** A parent with a delayed child, events, a counter: all that has to agree on slots and connections. */
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
  const bench = createEngineHarness(() => engine);
  const [renders, submits] = [bench.queue('render'), bench.queue('submit')];
  const events = await bench.events(renders);
  const completed = createCollector<string>();
  events.on('completed', ({ jobId }) => completed.add(jobId));
  await bench.worker(submits, async () => 'bought');
  await bench.worker(renders, async (job) => Object.values(await job.getChildrenValues())[0]);
  await renders.add('render', {}, { jobId: 'r.1', delay: 100 });
  const parent = { id: 'r.1', queue: renders.qualifiedName };
  await submits.addBulk([{ name: 'submit', data: {}, opts: { jobId: 'r.1.s1', parent } }]);
  expect((await waitForState(renders, 'r.1', 'completed')).returnvalue).toBe('bought');
  await completed.atLeast(1);
  // At once: a second later there is another one to be had.
  const takes = await Promise.all([engine.counters.take('polls', 1), engine.counters.take('polls', 1)]);
  expect(takes.filter((ms) => ms === 0)).toHaveLength(1);
  expect((await engine.warnings()).join()).toMatch(/hz is 10/);
  await engine.close();
  expect(failures.all).toEqual([]);
}

withOwnRedis('a cluster', async () => {
  // A node that met no other does not know its address, and ioredis does not make do without.
  const node = await createOwnRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
  await node.start();
  const admin = new Redis(node.url);
  cleanup(() => admin.disconnect());
  await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await until(async () => String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'));
  await checkEngineAt(`redis-cluster://127.0.0.1:${node.port}`);
});

withOwnRedis('a sentinel', async () => {
  const master = await createOwnRedis();
  await master.start();
  const [dir, port] = [await tempDir(), await freePort()];
  const config = join(dir, 'sentinel.conf');
  const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`];
  await writeFile(config, [...lines, `sentinel monitor images 127.0.0.1 ${master.port} 1`, ''].join('\n'));
  await spawnRedis([config, '--sentinel'], /\+monitor master images/);
  await checkEngineAt(`redis-sentinel://127.0.0.1:${port}/images`);
});
