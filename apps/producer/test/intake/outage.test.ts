import type { ObjectStore } from '@darkroom/shared/object-store';
import { StoreError } from '@darkroom/shared/object-store';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createImageUri, openHarness, readProblem } from '../support/harness.ts';

async function timed(work: Promise<Response>): Promise<{ response: Response; ms: number }> {
  const started = performance.now();
  const response = await work;
  return { response, ms: performance.now() - started };
}

requires('redis').describe('while the queue is away', () => {
  test.each(['refuse', 'stall'] as const)(
    'every call that needs it is answered 503 with Retry-After in time (%s), and all is well afterwards',
    async (fault) => {
      const proxy = await startProxy(service('redis').url);
      const rig = await openHarness({ queueUrl: proxy.url });
      const { id } = (await (await rig.post({ prompt: 'before' })).json()) as { id: string };
      await proxy[fault]();
      const calls = [
        () => rig.post({ prompt: 'x' }),
        () => rig.post({ prompt: 'x' }, { 'idempotency-key': 'k' }),
        () => rig.bulk(Array.from({ length: 2000 }, (_, at) => ({ prompt: 'x', idempotency_key: `k${at}` }))),
        () => rig.get(`/v1/renders/${id}`),
      ];
      for (const call of calls) {
        const { response, ms } = await timed(call());
        // 2.8 s are the limit of the door. What it asks of many jobs at once it would wait for four times as long.
        expect(ms).toBeLessThan(9_000);
        expect(response.headers.get('retry-after')).toBe('2');
        expect(await readProblem(response)).toMatchObject({ status: 503, code: 'queue_unavailable' });
      }
      const ready = await rig.get('/readyz');
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { status: 'unavailable', checks: { queue: 'unavailable', store: 'ok' } },
      ]);
      expect((await rig.get('/healthz')).status).toBe(200);
      expect(await (await rig.get('/metrics')).text()).toContain('darkroom_queue_up 0');
      const invalid = await rig.post({ prompt: 'x', n: '1' });
      expect(invalid.status).toBe(422);

      await proxy.resume();
      await until(async () => (await rig.post({ prompt: 'after' })).status === 202);
      expect((await rig.get(`/v1/renders/${id}`)).status).toBe(200);
    },
    60_000,
  );

  test('a render that was not confirmed is named, so that its caller can ask for it', async () => {
    const proxy = await startProxy(service('redis').url);
    const rig = await openHarness({ queueUrl: proxy.url });
    expect((await rig.get('/readyz')).status).toBe(200);
    await proxy.refuse();
    const problem = await readProblem(await rig.post({ prompt: 'x' }));
    expect(problem.render_id).toMatch(/^rnd_/);
  });
});

/** A store that nobody reaches. */
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
  test('requests that need it are answered 503; those that do not are accepted', async () => {
    const rig = await openHarness({ wrap: (deps) => ({ ...deps, store: away(deps.store) }) });
    const withBytes = await rig.post({ prompt: 'x', image_urls: [await createImageUri('png')] });
    expect(withBytes.headers.get('retry-after')).toBe('2');
    expect(await readProblem(withBytes)).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect(await rig.jobCount()).toBe(0);

    // Nobody can say whether an old render had this key.
    const keyed = await rig.post({ prompt: 'x' }, { 'idempotency-key': 'k' });
    expect(await readProblem(keyed)).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect((await rig.post({ prompt: 'x' })).status).toBe(202);
    expect(await (await rig.get('/readyz')).json()).toMatchObject({
      checks: { queue: 'ok', store: 'unavailable' },
    });
  });

  test('one that hangs is given up, by single and by bulk calls', async () => {
    const rig = await openHarness({ wrap: (deps) => ({ ...deps, store: hanging(deps.store) }) });
    const key = { 'idempotency-key': 'k' };
    const answers = await Promise.all([
      rig.post({ prompt: 'x' }, key),
      rig.bulk([{ prompt: 'x' }, { prompt: 'y' }], key),
    ]);
    for (const answer of answers) {
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(await readProblem(answer)).toMatchObject({ status: 503, code: 'store_unavailable' });
    }
    expect(await rig.jobCount()).toBe(0);
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
