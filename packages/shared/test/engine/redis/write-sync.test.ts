import { cleanup, connectAdmin, createOwnRedis, tempDir, until, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openEngine } from '../../../src/engine/index.ts';

async function open(server: { url: string }, operationTimeoutMs?: number) {
  const engine = await openEngine({
    queueUrl: server.url,
    dataDir: await tempDir(),
    role: 'producer',
    operationTimeoutMs,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  return engine;
}

/**
 * A Redis whose WAITAOF answers when the test says so. Redis 7.0 has no WAITAOF, so BZPOPMIN has its name:
 * `WAITAOF 1 0 <ms>` then waits for a member of the sets `1` and `0`, and its answer begins with the name of the set.
 */
async function startRedisWithWaitAof() {
  const server = await createOwnRedis('--rename-command', 'BZPOPMIN', 'WAITAOF');
  await server.start();
  const admin = connectAdmin(server);
  const countBlocked = async () => Number(/blocked_clients:(\d+)/.exec(await admin.info('clients'))?.[1]);
  return {
    server,
    answer: async (local: 0 | 1) => void (await admin.zadd(String(local), 0, 'answer')),
    whenBlocked: () => until(async () => (await countBlocked()) === 1, { what: 'a blocked WAITAOF' }),
    countCalls: async () =>
      Number(/cmdstat_(?:waitaof|bzpopmin):calls=(\d+)/i.exec(await admin.info('commandstats'))?.[1] ?? 0),
    readSyncKey: () => admin.pttl('{darkroom}:sync'),
  };
}

withOwnRedis('syncWrites() of a Redis without WAITAOF rejects and names the version', async () => {
  const server = await createOwnRedis();
  await server.start();
  const version = /redis_version:(7\.[01]\.\d+|[56]\.\S+)/.exec(await connectAdmin(server).info('server'));
  if (!version) return;
  await expect((await open(server)).syncWrites()).rejects.toMatchObject({
    code: 'unsupported',
    message: `Redis ${version[1]}`,
  });
});

withOwnRedis(
  'syncWrites() resolves when Redis has answered WAITAOF, after a write of its own connection',
  async () => {
    const { server, answer, whenBlocked, readSyncKey } = await startRedisWithWaitAof();
    const engine = await open(server);
    let resolved = false;
    const sync = engine.syncWrites().then(() => (resolved = true));
    await whenBlocked();
    expect(resolved).toBe(false);
    expect(await readSyncKey()).toBeGreaterThan(0);
    await answer(1);
    await sync;
  },
);

withOwnRedis('calls of syncWrites() during a WAITAOF share the next one', async () => {
  const { server, answer, whenBlocked, countCalls } = await startRedisWithWaitAof();
  const engine = await open(server);
  const first = engine.syncWrites();
  await whenBlocked();
  let resolved = 0;
  const late = [1, 2, 3].map(() => engine.syncWrites().then(() => (resolved += 1)));
  await answer(1);
  await first;
  await whenBlocked();
  expect(resolved).toBe(0);
  await answer(1);
  await Promise.all(late);
  expect(await countCalls()).toBe(2);
});

withOwnRedis('syncWrites() rejects with `unavailable` when Redis has not written to its disk', async () => {
  const { server, answer, whenBlocked } = await startRedisWithWaitAof();
  const engine = await open(server, 300);
  const sync = engine.syncWrites();
  sync.catch(() => undefined);
  await whenBlocked();
  await answer(0);
  await expect(sync).rejects.toMatchObject({ code: 'unavailable' });
  // Without any answer, the call ends by its own time limit.
  await expect(engine.syncWrites()).rejects.toMatchObject({ code: 'unavailable' });
});
