import { cleanup, uniquePrefix, until } from '@darkroom/testkit';
import { expect } from 'vitest';
import { EngineError, openEngine } from '../../src/engine/index.ts';
import { createCollector, createEngineHarness, waitForState } from '../support/engine-harness.ts';
import { createOwnRedis, type RedisServer, withOwnRedis } from '../support/own-redis.ts';

/** Milliseconds: far above the limits that are tried here, far below waiting without one. */
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
  return { engine, errors, bench: createEngineHarness(() => engine) };
}

/** Milliseconds until it rejected as unavailable. */
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
  'with Redis away from the start, adding is refused, a worker waits, and both go on by themselves',
  async () => {
    const server = await createOwnRedis();
    const { engine, bench } = await openEngineAt(server);
    const queue = bench.queue();
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
    // The settings that BullMQ could not write at the start.
    await until(async () => (await queue.getMeta()).maxLenEvents === 10_000);
  },
);

withOwnRedis(
  'Redis is stopped and started again: nothing that was accepted is lost, the worker goes on',
  async () => {
    const server = await createOwnRedis();
    await server.start();
    const { engine, bench, errors } = await openEngineAt(server);
    const queue = bench.queue();
    const accepted: string[] = [];
    const add = async (id: string) => {
      await queue.add('render', { id }, { jobId: id });
      accepted.push(id);
    };
    for (let n = 0; n < 50; n++) await add(`before.${n}`);
    await queue.add('render', {}, { jobId: 'later', delay: 1_500 });
    accepted.push('later');
    // What Redis handed out in the moment it was killed, the worker never heard of: it comes back as stalled.
    const lock = { lockDuration: 2_000, stalledInterval: 500 };
    await bench.worker(queue, async () => 'ran', { concurrency: 2, ...lock });
    await waitForState(queue, 'before.5', 'completed');
    await server.kill();

    for (let n = 0; n < 3; n++)
      expect(await timeUntilUnavailable(() => add(`during.${n}`))).toBeLessThan(IN_TIME);
    const bulk = () => queue.addBulk([{ name: 'render', data: {}, opts: { jobId: 'during.bulk' } }]);
    expect(await timeUntilUnavailable(bulk)).toBeLessThan(IN_TIME);
    // Back before a connection was tried again it would not have been missed.
    await errors.atLeast(1);

    await server.start();
    await engine.ping(10_000);
    await until(() => add('after').then(() => true));
    for (const id of accepted) await waitForState(queue, id, 'completed', 20_000);
    expect(errors.all.length).toBeLessThan(20);
  },
  60_000,
);

withOwnRedis('a Redis that hangs is refused in time as well', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { bench } = await openEngineAt(server, 500);
  const queue = bench.queue();
  await queue.add('render', {}, { jobId: 'r.1' });
  server.freeze();
  cleanup(() => server.thaw());
  expect(await timeUntilUnavailable(() => queue.add('render', {}, { jobId: 'r.2' }))).toBeLessThan(IN_TIME);
  server.thaw();
  await waitForState(queue, 'r.1', 'waiting');
});

withOwnRedis('an engine whose Redis is gone closes all the same', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { engine, bench } = await openEngineAt(server);
  const queue = bench.queue();
  await bench.worker(queue, async () => 'ran');
  await bench.events(queue);
  await server.kill();
  const start = performance.now();
  await engine.close();
  expect(performance.now() - start).toBeLessThan(IN_TIME);
  expect(() => engine.queue('other')).toThrow(/closed/);
});

withOwnRedis('a full Redis refuses adds, and its workers do not ask it thousands of times', async () => {
  const server = await createOwnRedis();
  await server.start();
  const { engine, bench } = await openEngineAt(server);
  const queue = bench.queue();
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
