import { acceptedSchema } from '@darkroom/api';
import { ConfigError } from '@darkroom/shared/config';
import { connectAdmin, createOwnRedis, until, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';

withOwnRedis(
  'QUEUE_SYNC=waitaof with a Redis before 7.2 is an error at start that names setting and versions',
  async () => {
    const server = await createOwnRedis();
    await server.start();
    const version = /redis_version:(7\.[01]\.\S+|[56]\.\S+)/.exec(
      await connectAdmin(server).info('server'),
    )?.[1];
    if (version === undefined) return;
    const error: unknown = await openHarness({
      queueUrl: server.url,
      settings: { QUEUE_SYNC: 'waitaof' },
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([
      {
        name: 'QUEUE_SYNC',
        expected: expect.stringContaining('Redis 7.2 or later'),
        received: `waitaof with Redis ${version}`,
      },
    ]);
  },
);

/**
 * Redis 7.0 has no WAITAOF, so BZPOPMIN has its name: `WAITAOF 1 0 <ms>` then waits for a member of the sets `1` and `0`,
 * and its answer begins with the name of the set.
 */
async function openSynced() {
  const server = await createOwnRedis('--rename-command', 'BZPOPMIN', 'WAITAOF');
  await server.start();
  const admin = connectAdmin(server);
  const answer = async (local: 0 | 1) => void (await admin.zadd(String(local), 0, 'answer'));
  await answer(1);
  const harness = await openHarness({
    queueUrl: server.url,
    settings: { QUEUE_SYNC: 'waitaof', INTAKE_JOURNAL: 'off' },
  });
  const blocked = () =>
    until(async () => /blocked_clients:1\r/.test(await admin.info('clients')), { what: 'a WAITAOF' });
  return { harness, answer, blocked };
}

withOwnRedis(
  'with QUEUE_SYNC=waitaof, a render is answered after Redis has written it to its disk',
  async () => {
    const { harness, answer, blocked } = await openSynced();
    let answered = false;
    const response = harness.post({ prompt: 'x' }).finally(() => {
      answered = true;
    });
    await blocked();
    expect([answered, await harness.jobCount()]).toEqual([false, 1]);
    await answer(1);
    expect(acceptedSchema.parse(await (await response).json()).durability).toBe('synced');

    const bulk = harness.bulk([{ prompt: 'y' }]);
    await blocked();
    await answer(1);
    expect(await (await bulk).json()).toMatchObject({ items: [{ render: { durability: 'synced' } }] });
  },
);

withOwnRedis(
  'a render that Redis has not written to its disk is answered 503 and stays in the queue',
  async () => {
    const { harness, answer, blocked } = await openSynced();
    for (const call of [() => harness.post({ prompt: 'x' }), () => harness.bulk([{ prompt: 'x' }])]) {
      const response = call();
      await blocked();
      await answer(0);
      const problem = await readProblem(await response);
      expect(problem).toMatchObject({ status: 503, code: 'queue_unavailable' });
      expect(problem.detail).toContain('may have been accepted');
    }
    expect(await harness.jobCount()).toBe(2);
  },
);
