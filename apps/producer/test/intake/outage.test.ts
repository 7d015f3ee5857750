import type { ObjectStore } from '@darkroom/shared/object-store';
import { StoreError } from '@darkroom/shared/object-store';
import {
  connectAdmin,
  createOwnRedis,
  type RedisServer,
  requires,
  runEndlessScript,
  service,
  startProxy,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createImageUri, openHarness, readProblem } from '../support/harness.ts';

async function timed(work: Promise<Response>): Promise<{ response: Response; ms: number }> {
  const started = performance.now();
  const response = await work;
  return { response, ms: performance.now() - started };
}

requires('redis').describe('while the queue is away', () => {
  test.each(['refuse', 'stall'] as const)(
    'every call that needs the queue is answered 503 with Retry-After in time (%s), and works afterwards',
    async (fault) => {
      const proxy = await startProxy(service('redis').url);
      const harness = await openHarness({ queueUrl: proxy.url });
      const { id } = (await (await harness.post({ prompt: 'before' })).json()) as { id: string };
      await proxy[fault]();
      const calls = [
        () => harness.post({ prompt: 'x' }),
        () => harness.post({ prompt: 'x' }, { 'idempotency-key': 'k' }),
        () =>
          harness.bulk(Array.from({ length: 2000 }, (_, at) => ({ prompt: 'x', idempotency_key: `k${at}` }))),
        () => harness.get(`/v1/renders/${id}`),
      ];
      for (const call of calls) {
        const { response, ms } = await timed(call());
        // The producer's deadline is 2.8 s for one job, and four times as long for many jobs at once.
        expect(ms).toBeLessThan(9_000);
        expect(response.headers.get('retry-after')).toBe('2');
        expect(await readProblem(response)).toMatchObject({ status: 503, code: 'queue_unavailable' });
      }
      const ready = await harness.get('/readyz');
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { status: 'unavailable', checks: { queue: 'unavailable', store: 'ok' }, waiting_for: [] },
      ]);
      expect((await harness.get('/healthz')).status).toBe(200);
      expect(await (await harness.get('/metrics')).text()).toContain('darkroom_queue_up 0');
      const invalid = await harness.post({ prompt: 'x', n: '1' });
      expect(invalid.status).toBe(422);

      await proxy.resume();
      await until(async () => (await harness.post({ prompt: 'after' })).status === 202);
      expect((await harness.get(`/v1/renders/${id}`)).status).toBe(200);
    },
    60_000,
  );

  test('the response names a render that the queue did not confirm', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    expect((await harness.get('/readyz')).status).toBe(200);
    await proxy.refuse();
    const problem = await readProblem(await harness.post({ prompt: 'x' }));
    expect(problem.render_id).toMatch(/^rnd_/);
  });
});

withOwnRedis.each([
  ['BUSY', runEndlessScript],
  [
    'NOREPLICAS',
    async (server: RedisServer) => {
      const admin = connectAdmin(server);
      await admin.call('CONFIG', 'SET', 'min-replicas-to-write', '1');
      return async () => void (await admin.call('CONFIG', 'SET', 'min-replicas-to-write', '0'));
    },
  ],
  [
    'NOPERM',
    async (server: RedisServer) => {
      const admin = connectAdmin(server);
      await admin.call('ACL', 'SETUSER', 'default', '-@scripting');
      return async () => void (await admin.call('ACL', 'SETUSER', 'default', '+@all'));
    },
  ],
] as const)(
  'single and bulk calls are answered 503 with Retry-After while Redis answers %s, and work afterwards',
  async (_reply, begin) => {
    const server = await createOwnRedis();
    await server.start();
    const harness = await openHarness({ queueUrl: server.url });
    expect((await harness.post({ prompt: 'before' })).status).toBe(202);
    const end = await begin(server);
    const calls = [
      () => harness.post({ prompt: 'x' }),
      () => harness.post({ prompt: 'x' }, { 'idempotency-key': 'k' }),
      () => harness.bulk([{ prompt: 'x' }, { prompt: 'y' }]),
    ];
    for (const call of calls) {
      const response = await call();
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await readProblem(response)).toMatchObject({ status: 503, code: 'queue_unavailable' });
    }
    await end();
    await until(async () => (await harness.post({ prompt: 'after' })).status === 202);
  },
);

/** A store that cannot be reached. */
function away(store: ObjectStore): ObjectStore {
  const fail = () => Promise.reject(new StoreError('unavailable', 'connect ECONNREFUSED'));
  return Object.assign(Object.create(store) as ObjectStore, {
    get: fail,
    put: fail,
    head: fail,
    getStream: fail,
  });
}

requires('redis').describe('while the object store is away', () => {
  test('requests are answered 503, because the store must remember them', async () => {
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, store: away(deps.store) }) });
    const withBytes = await harness.post({ prompt: 'x', image_urls: [await createImageUri('png')] });
    expect(withBytes.headers.get('retry-after')).toBe('2');
    expect(await readProblem(withBytes)).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect(await harness.jobCount()).toBe(0);

    // Without the store it is unknown whether an earlier render had this key.
    const keyed = await harness.post({ prompt: 'x' }, { 'idempotency-key': 'k' });
    expect(await readProblem(keyed)).toMatchObject({ status: 503, code: 'store_unavailable' });
    const keyless = await harness.post({ prompt: 'x' });
    expect(await readProblem(keyless)).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect(await (await harness.get('/readyz')).json()).toMatchObject({
      checks: { queue: 'ok', store: 'unavailable' },
    });
  });

  test('single and bulk calls do not wait for a store that hangs', async () => {
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, store: hanging(deps.store) }) });
    const key = { 'idempotency-key': 'k' };
    const answers = await Promise.all([
      harness.post({ prompt: 'x' }, key),
      harness.bulk([{ prompt: 'x' }, { prompt: 'y' }], key),
    ]);
    for (const answer of answers) {
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(await readProblem(answer)).toMatchObject({ status: 503, code: 'store_unavailable' });
    }
    expect(await harness.jobCount()).toBe(0);
  });
});

/** A store that takes connections and never answers. */
function hanging(store: ObjectStore): ObjectStore {
  const hang = (_key: string, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  return Object.assign(Object.create(store) as ObjectStore, { get: hang });
}
