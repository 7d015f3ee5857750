import { cleanup, createOwnRedis, tempDir, uniquePrefix, until, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openEngine } from '../../../src/engine/index.ts';
import { createWorkerName, listSeenWorkers, openQueues } from '../../../src/queues/index.ts';

async function openOn(url: string, prefix = uniquePrefix()) {
  const engine = await openEngine({
    queueUrl: url,
    dataDir: await tempDir(),
    role: 'both',
    prefix,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  return engine;
}

withOwnRedis('a Redis reports its version, its policy, its persistence and its time', async () => {
  const redis = await createOwnRedis('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no');
  await redis.start();
  const engine = await openOn(redis.url);
  const facts = await engine.readFacts();
  expect(facts).toMatchObject({ evictionPolicy: 'allkeys-lru', appendOnly: false });
  expect(facts.server).toMatch(/^Redis \d+\.\d+/);
  expect(facts.advice.map(({ topic }) => topic)).toEqual(['eviction', 'persistence', 'timers']);
  expect(Math.abs((await engine.readTime()) - Date.now())).toBeLessThan(2_000);
});

withOwnRedis(
  'every worker process is seen once, with its version; a worker without a name, too',
  async () => {
    const redis = await createOwnRedis();
    await redis.start();
    const engine = await openOn(redis.url);
    const queues = openQueues(engine, { days: 1 });
    expect(await listSeenWorkers(queues)).toEqual([]);
    const name = createWorkerName('9.9.9');
    engine.worker('render', async () => undefined, { name });
    engine.worker('submit', async () => undefined, { name });
    engine.worker('render', async () => undefined);
    const seen = await until(async () => {
      const workers = await listSeenWorkers(queues);
      return workers?.length === 2 ? workers : undefined;
    });
    expect(seen[0]).toEqual({
      version: '9.9.9',
      process: expect.stringMatching(new RegExp(`/${process.pid}$`)),
    });
    expect(seen[1]).toEqual({});
  },
);
