import {
  cleanup,
  connectAdmin,
  createOwnRedis,
  type RedisServer,
  runEndlessScript,
  uniquePrefix,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect } from 'vitest';
import { EngineError, openEngine } from '../../src/engine/index.ts';
import { createCollector, createEngineHarness, waitForState } from '../support/engine-harness.ts';

/** Milliseconds: far above the limits under test, and far below a wait without a limit. */
const IN_TIME = 15_000;

async function openEngineAt(server: RedisServer, operationTimeoutMs = 1_000) {
  const errors = createCollector<string>();
  const engine = await openEngine({
    queueUrl: server.url,
    dataDir: '',
    role: 'both',
    prefix: uniquePrefix(),
    operationTimeoutMs,
    closeTimeoutMs: 1_000,
    onError: (error, where) => errors.add(`${where}: ${error.message}`),
  });
  cleanup(() => engine.close());
  return { engine, errors, harness: createEngineHarness(() => engine) };
}

/** Milliseconds until the work rejected with `unavailable`. */
async function timeUntilUnavailable(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  const error = await work().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ code: 'unavailable' });
  return performance.now() - start;
}

withOwnRedis(
  'while Redis is away from the start, add() rejects and a worker waits; both work as soon as Redis is up',
  async () => {
    const server = await createOwnRedis();
    const { engine, harness } = await openEngineAt(server);
    const queue = harness.queue('render', { streams: { events: { maxLen: 5_000 } } });
    expect(await timeUntilUnavailable(() => queue.add('render', {}, { jobId: 'r.0' }))).toBeLessThan(IN_TIME);
    expect(await timeUntilUnavailable(() => engine.ping(200))).toBeLessThan(IN_TIME);
    expect(await timeUntilUnavailable(() => engine.counters.take('polls', 50))).toBeLessThan(IN_TIME);
    await timeUntilUnavailable(() => engine.warnings());
    const ran = createCollector<string>();
    engine.worker(queue.name, async (job) => ran.add(job.id ?? ''));
    const events = engine.events(queue.name);
    const completed = createCollector<string>();
    events.on('completed', ({ jobId }) => completed.add(jobId));
    await server.start();
    await engine.ping(10_000);
    await events.waitUntilReady();
    await until(() => queue.add('render', {}, { jobId: 'r.1' }));
    await ran.atLeast(1);
    expect(ran.all).toEqual(['r.1']);
    await completed.atLeast(1);
    // BullMQ could not write this setting at the start.
    await until(async () => (await queue.getMeta()).maxLenEvents === 5_000);
  },
);

withOwnRedis(
  'a restart of Redis loses no accepted job, and the worker continues',
  async () => {
    const server = await createOwnRedis();
    await server.start();
    const { engine, harness, errors } = await openEngineAt(server);
    const queue = harness.queue();
    const accepted: string[] = [];
    const add = async (id: string) => {
      await queue.add('render', { id }, { jobId: id });
      accepted.push(id);
    };
    for (let n = 0; n < 50; n++) await add(`before.${n}`);
    await queue.add('render', {}, { jobId: 'later', delay: 1_500 });
    accepted.push('later');
    // A job may be active in Redis although the kill lost the answer to the worker. BullMQ finds it as stalled.
    const lock = { lockDuration: 2_000, stalledInterval: 500 };
    await harness.worker(queue, async () => 'ran', { concurrency: 2, ...lock });
    await waitForState(queue, 'before.5', 'completed');
    await server.kill();

    for (let n = 0; n < 3; n++)
      expect(await timeUntilUnavailable(() => add(`during.${n}`))).toBeLessThan(IN_TIME);
    const bulk = () => queue.addBulk([{ name: 'render', data: {}, opts: { jobId: 'during.bulk' } }]);
    expect(await timeUntilUnavailable(bulk)).toBeLessThan(IN_TIME);
    // Without an error, the connections would not have noticed the outage yet.
    await errors.atLeast(1);

    await server.start();
    await engine.ping(10_000);
    await until(() => add('after').then(() => true));
    for (const id of accepted) await waitForState(queue, id, 'completed', 20_000);
    expect(errors.all.length).toBeLessThan(20);
  },
  60_000,
);

withOwnRedis('add() rejects in time when Redis hangs', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { harness } = await openEngineAt(server, 500);
  const queue = harness.queue();
  await queue.add('render', {}, { jobId: 'r.1' });
  server.freeze();
  cleanup(() => server.thaw());
  expect(await timeUntilUnavailable(() => queue.add('render', {}, { jobId: 'r.2' }))).toBeLessThan(IN_TIME);
  server.thaw();
  await waitForState(queue, 'r.1', 'waiting');
});

withOwnRedis('an engine closes in time when its Redis is gone', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { engine, harness } = await openEngineAt(server);
  const queue = harness.queue();
  await harness.worker(queue, async () => 'ran');
  await harness.events(queue);
  await server.kill();
  const start = performance.now();
  await engine.close();
  expect(performance.now() - start).toBeLessThan(IN_TIME);
  expect(() => engine.queue('other')).toThrow(/closed/);
});

withOwnRedis('add() rejects when Redis is full, and workers do not fetch thousands of times', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { engine, harness } = await openEngineAt(server);
  const queue = harness.queue();
  await queue.add('render', {}, { jobId: 'r.1' });
  const client = await queue.getBackend().client;
  await client.runCommand('config', ['SET', 'maxmemory', '1']).catch(() => undefined);
  await timeUntilUnavailable(() => queue.add('render', {}, { jobId: 'r.2' }));
  const failures = createCollector<string>();
  const worker = engine.worker(queue.name, async () => 'ran');
  worker.on('error', (error) => failures.add(error.message));
  await failures.atLeast(3);
  await client.runCommand('config', ['SET', 'maxmemory', '0']);
  const failed = failures.all.length;
  await waitForState(queue, 'r.1', 'completed');
  expect(failed).toBeLessThan(10);
});

withOwnRedis.each([
  ['BUSY', 'a script runs', runEndlessScript],
  [
    'NOREPLICAS',
    'it has too few replicas',
    async (server: RedisServer) => {
      const admin = connectAdmin(server);
      await admin.call('CONFIG', 'SET', 'min-replicas-to-write', '1');
      return async () => void (await admin.call('CONFIG', 'SET', 'min-replicas-to-write', '0'));
    },
  ],
  [
    'MASTERDOWN',
    'it is a replica whose master is away',
    async (server: RedisServer) => {
      const admin = connectAdmin(server);
      await admin.call('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
      await admin.call('REPLICAOF', '127.0.0.1', '1');
      return async () => void (await admin.call('REPLICAOF', 'NO', 'ONE'));
    },
  ],
] as const)(
  'add(), reads and counters reject with `unavailable` while Redis answers %s, because %s',
  async (_reply, _reason, begin) => {
    const server = await createOwnRedis();
    await server.start();
    const { engine, harness } = await openEngineAt(server);
    const queue = harness.queue();
    await queue.add('render', {}, { jobId: 'r.1' });
    const end = await begin(server);
    cleanup(end);
    await timeUntilUnavailable(() => queue.add('render', {}, { jobId: 'r.2' }));
    await timeUntilUnavailable(() => queue.addBulk([{ name: 'render', data: {}, opts: { jobId: 'r.3' } }]));
    await timeUntilUnavailable(() => engine.counters.take('polls', 50));
    await timeUntilUnavailable(() => engine.counters.block('polls', 50));
    const worker = engine.worker(queue.name, async () => 'ran');
    cleanup(() => worker.close(true));
    await end();
    await until(() => queue.add('render', {}, { jobId: 'r.2' }).then(() => true));
    await waitForState(queue, 'r.1', 'completed');
    await waitForState(queue, 'r.2', 'completed');
  },
);

withOwnRedis('a cluster without slots makes add() reject with `unavailable`', async () => {
  const server = await createOwnRedis('--cluster-enabled', 'yes');
  await server.start();
  const { harness } = await openEngineAt(server);
  await timeUntilUnavailable(() => harness.queue().add('render', {}, { jobId: 'r.1' }));
});

withOwnRedis('a job whose completion Redis refuses for now completes without a second run', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { engine, harness, errors } = await openEngineAt(server);
  const queue = harness.queue();
  let end = async () => {};
  const runs = createCollector<string>();
  const worker = engine.worker(queue.name, async (job) => {
    runs.add(job.id ?? '');
    end = await runEndlessScript(server);
    return 'ran';
  });
  cleanup(() => worker.close(true));
  await queue.add('render', {}, { jobId: 'r.1' });
  await until(() => errors.all.some((text) => /^worker .*BUSY /.test(text)));
  await end();
  // Far less than the 30 s after which another run would begin.
  const job = await waitForState(queue, 'r.1', 'completed', IN_TIME);
  expect([job.returnvalue, job.attemptsMade, runs.all]).toEqual(['ran', 1, ['r.1']]);
});
