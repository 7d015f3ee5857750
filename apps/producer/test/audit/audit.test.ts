import { type AuditEntryResponse, auditListSchema, problemSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';

type Headers = Record<string, string>;

async function listActions(harness: Harness, query = '', headers: Headers = {}) {
  const response = await harness.get(`/v1/audit${query}`, headers);
  expect(response.status).toBe(200);
  return auditListSchema.parse(await response.json());
}

const post = (harness: Harness, path: string, body?: object, headers: Headers = {}) =>
  fetch(`${harness.url}${path}`, {
    method: 'POST',
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

async function createRender(harness: Harness, headers: Headers = {}): Promise<string> {
  const response = await harness.post({ prompt: 'a mug' }, headers);
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}

const bind = (store: ObjectStore, name: keyof ObjectStore): unknown => {
  const value: unknown = store[name];
  return typeof value === 'function' ? value.bind(store) : value;
};

const summarize = ({ source, action, target }: AuditEntryResponse) => `${source} ${action} ${target.id}`;

requires('redis').describe('the audit log', () => {
  test('every change has its actor, source, reason and values before and after, newest first', async () => {
    const harness = await openHarness();
    const id = await createRender(harness);
    await post(harness, '/v1/queues/submit/pause', { reason: 'maintenance' });
    await post(harness, '/v1/queues/submit/resume', undefined, { 'user-agent': 'darkroom-cli/1.0' });
    await post(harness, `/v1/renders/${id}/cancel`);
    await fetch(`${harness.url}/queues/api/queues/store/pause`, { method: 'PUT' });
    const { data } = await listActions(harness);
    expect(data.map(summarize)).toEqual([
      'dashboard queue.pause store',
      `api render.cancel ${id}`,
      'cli queue.resume submit',
      'api queue.pause submit',
    ]);
    expect(data.at(-1)).toMatchObject({
      actor: 'a user of this machine',
      tenant: '*',
      reason: 'maintenance',
      before: { paused: false },
      after: { paused: true, reason: 'maintenance' },
    });
    expect(data.at(-2)).toMatchObject({
      before: { paused: true, actor: 'a user of this machine', reason: 'maintenance' },
      after: { paused: false },
    });
    const about = await listActions(harness, `?target=render:${id}`);
    expect(about.data.map(summarize)).toEqual([`api render.cancel ${id}`]);
  });

  test('pages of the log have every entry once', async () => {
    const harness = await openHarness();
    for (const reason of ['first', 'second', 'third']) {
      await post(harness, '/v1/queues/render/pause', { reason });
    }
    const first = await listActions(harness, '?limit=2');
    expect(first.data.map(({ reason }) => reason)).toEqual(['third', 'second']);
    const second = await listActions(harness, `?limit=2&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ data: [{ reason: 'first' }], next_cursor: null });
  });

  test('an operator of one tenant sees the actions on its own renders only', async () => {
    const [shop, other, service] = [createApiKey(), createApiKey(), createApiKey()];
    const harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256: shop.sha256 },
          { tenant: 'other', roles: ['enqueue', 'read', 'operate'], sha256: other.sha256 },
          { tenant: 'shop', roles: ['enqueue', 'read'], sha256: service.sha256 },
        ],
      },
    });
    const as = ({ text }: { text: string }) => ({ authorization: `Bearer ${text}` });
    const id = await createRender(harness, as(shop));
    await post(harness, `/v1/renders/${id}/cancel`, undefined, as(shop));
    expect((await listActions(harness, '', as(shop))).data.map(summarize)).toEqual([
      `api render.cancel ${id}`,
    ]);
    expect((await listActions(harness, '', as(other))).data).toEqual([]);
    expect((await listActions(harness, `?target=render:${id}`, as(other))).data).toEqual([]);
    expect((await harness.get('/v1/audit', as(service))).status).toBe(403);
    // A service that cancels its own render is no operator.
    const own = await createRender(harness, as(service));
    await post(harness, `/v1/renders/${own}/cancel`, undefined, as(service));
    expect((await listActions(harness, `?target=render:${own}`, as(shop))).data).toEqual([]);
  });

  test('an action succeeds while the store is away, and its entry is written when the store answers again', async () => {
    // The next try comes when the store is back, and not before: the tries are few.
    const storeIsBack = latch();
    const harness = await openHarness({
      wrap: (deps) => ({
        ...deps,
        clock: {
          ...deps.clock,
          sleep: (ms, signal) => (storeIsBack.opened ? deps.clock.sleep(ms, signal) : storeIsBack.wait()),
        },
        store: new Proxy(deps.store, {
          get: (store, name: keyof ObjectStore) => {
            if (name !== 'put') return bind(store, name);
            const put: ObjectStore['put'] = async (key, ...rest) => {
              if (!storeIsBack.opened && key.startsWith('audit/'))
                throw new StoreError('unavailable', 'away');
              await store.put(key, ...rest);
            };
            return put;
          },
        }),
      }),
    });
    expect((await post(harness, '/v1/queues/store/pause', { reason: 'disk' })).status).toBe(200);
    expect(harness.logs()).toContain('action by an operator');
    storeIsBack.open();
    await until(async () => (await listActions(harness)).data.length === 1);
  });

  test.for<[query: string, field: string, expected: string]>([
    ['?target=shop:1', 'target', 'a kind and an id, such as render:rnd_…'],
    ['?cursor=zz', 'cursor', 'the next_cursor of an earlier page'],
    ['?limit=0', 'limit', 'whole number from 1 to 200'],
    ['?actor=me', 'actor', 'one of target, limit, cursor'],
  ])('the query %s is refused with a problem at %s', async ([query, field, expected]) => {
    const harness = await openHarness();
    const response = await harness.get(`/v1/audit${query}`);
    expect(response.status).toBe(422);
    const { problems } = problemSchema.parse(await response.json());
    expect(problems).toMatchObject([{ field, expected: expect.stringContaining(expected) as string }]);
  });
});
