import { DATA_VERSION, drawRenderId, sumCost } from '@darkroom/shared/render';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import {
  createKey,
  GENERATIONS,
  readEnvelope,
  readTask,
  submit,
  UPLOADS,
  upload,
} from '../../support/drop-in-client.ts';
import { openHarness } from '../../support/harness.ts';

const name = `${'ab'.repeat(32)}.png`;
const ADDRESSES = [
  ['POST', GENERATIONS, 'read'],
  ['GET', `${GENERATIONS}/${drawRenderId()}`, 'enqueue'],
  ['POST', UPLOADS, 'read'],
  ['GET', `${UPLOADS}/${name}`, 'enqueue'],
  ['GET', '/v1/balance', 'enqueue'],
  ['GET', '/v1/user/balance', 'enqueue'],
] as const;
const ask = { model: 'gemini-3-pro-image-preview', prompt: 'a lighthouse' };

requires('redis').describe('the drop-in endpoint', () => {
  test.each(ADDRESSES)(
    '%s %s answers 401 in the envelope to a caller without a valid key',
    async (method, path) => {
      const { key } = createKey('shop', ['enqueue', 'read']);
      const harness = await openHarness({ settings: { API_KEYS: [key] } });
      for (const headers of [{}, { authorization: 'Bearer unknown' }]) {
        expect(await readEnvelope(await fetch(harness.url + path, { method, headers }))).toMatchObject({
          status: 401,
          code: 'unauthorized',
          type: 'authentication_error',
        });
      }
    },
  );

  test.each(ADDRESSES)(
    '%s %s answers 403 in the envelope to a key without its role',
    async (method, path, wrong) => {
      const { key, auth } = createKey('shop', [wrong]);
      const harness = await openHarness({ settings: { API_KEYS: [key] } });
      const rejected = await readEnvelope(await fetch(harness.url + path, { method, headers: auth }));
      expect(rejected).toMatchObject({ status: 403, code: 'forbidden', type: 'permission_error' });
    },
  );

  test('the drop-in endpoint answers 404 for the task of another tenant, as for an unknown task', async () => {
    const [shop, other] = [createKey('shop', ['enqueue', 'read']), createKey('other', ['enqueue', 'read'])];
    const harness = await openHarness({ settings: { API_KEYS: [shop.key, other.key] } });
    const { id } = await readTask(await submit(harness, ask, shop.auth));
    expect((await harness.get(`${GENERATIONS}/${id}`, shop.auth)).status).toBe(200);
    expect(await readEnvelope(await harness.get(`${GENERATIONS}/${id}`, other.auth))).toEqual({
      status: 404,
      code: 'task_not_found',
      message: 'Task not found',
      type: 'not_found_error',
    });
    // The client_business_id of one tenant is independent of the same client_business_id of another tenant.
    const named = { ...ask, client_business_id: 'order-7' };
    const mine = await readTask(await submit(harness, named, shop.auth));
    expect((await readTask(await submit(harness, named, other.auth))).id).not.toBe(mine.id);
  });

  test('a key with only the role enqueue gets no image URL', async () => {
    const { key, auth } = createKey('shop', ['enqueue']);
    const harness = await openHarness({ settings: { API_KEYS: [key] } });
    const { id } = await readTask(await submit(harness, ask, { ...auth, 'idempotency-key': 'k' }));
    const job = await harness.queues.render.getJob(id);
    const { request, fingerprint, createdAt } = job?.data ?? {};
    if (!request || !fingerprint || !createdAt) throw new Error('no checkpoint');
    const image = {
      key: `images/${id}.png`,
      sha256: 'ab'.repeat(32),
      bytes: 9,
      width: 4,
      height: 3,
      contentType: 'image/png',
      thumbnailKey: `thumbnails/${id}.webp`,
    };
    await harness.ledger.writeReceipt({
      version: DATA_VERSION,
      renderId: id,
      tenant: 'shop',
      status: 'completed',
      request,
      fingerprint,
      createdAt,
      finishedAt: createdAt,
      attempts: 1,
      purchases: [],
      cost: sumCost([]),
      image,
    });
    await job?.remove();
    const again = await readTask(await submit(harness, ask, { ...auth, 'idempotency-key': 'k' }));
    expect(again).toMatchObject({ id, status: 'in_progress' });
  });

  test('the drop-in endpoint answers too many requests with 429 and the time to wait', async () => {
    const { key, auth } = createKey('shop', ['read'], { perSecond: 1 });
    const harness = await openHarness({ settings: { API_KEYS: [key] } });
    // The end of a second can divide the burst, and the producer accepts a request that is not counted in time.
    const rejected = await until(async () => {
      const burst = Array.from({ length: 8 }, () => harness.get(`${GENERATIONS}/x`, auth));
      return (await Promise.all(burst)).find(({ status }) => status === 429);
    });
    expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await readEnvelope(rejected)).toMatchObject({
      code: 'rate_limit_exceeded',
      type: 'rate_limit_error',
    });
  });

  test.each([
    ['PUT', GENERATIONS, 405, 'POST'],
    ['GET', GENERATIONS, 405, 'POST'],
    ['POST', `${GENERATIONS}/x`, 405, 'GET, HEAD'],
    ['DELETE', UPLOADS, 405, 'POST'],
    ['POST', '/v1/balance', 405, 'GET, HEAD'],
    ['OPTIONS', '/v1/user/balance', 405, 'GET, HEAD'],
  ])(
    'the drop-in endpoint answers %s %s with %d and the allowed methods',
    async (method, path, status, allow) => {
      const harness = await openHarness();
      const response = await fetch(harness.url + path, { method });
      expect(response.headers.get('allow')).toBe(allow);
      expect(await readEnvelope(response)).toMatchObject({ status, code: 'method_not_allowed' });
    },
  );

  test.each([
    ['GET', '/v1/images', 404],
    ['GET', '/v1/images/x/y', 404],
    ['PROPFIND', GENERATIONS, 404],
    ['GET', '/v1/uploads/x', 404],
    ['GET', '/v1/user', 404],
    ['GET', '/v1/balance/x', 404],
    ['GET', `${UPLOADS}/${name}`, 404],
    ['GET', `${UPLOADS}/x`, 404],
    ['GET', `${GENERATIONS}/%ff`, 400],
    ['GET', `${GENERATIONS}/${'x'.repeat(99)}`, 404],
    ['GET', `${GENERATIONS}/${'x'.repeat(500)}`, 400],
  ])('the drop-in endpoint answers %s %s with %d in the envelope', async (method, path, status) => {
    const harness = await openHarness();
    expect(await readEnvelope(await fetch(harness.url + path, { method }))).toMatchObject({ status });
  });

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/x-ndjson'])(
    'the drop-in endpoint answers a submission of type %s with 415 in the envelope',
    async (type) => {
      const harness = await openHarness();
      const rejected = await readEnvelope(await submit(harness, '{"prompt":"x"}', { 'content-type': type }));
      expect(rejected).toMatchObject({ status: 415, code: 'invalid_request' });
      expect(rejected.message).toMatch(/^Content-Type: expected application\/json, received /);
    },
  );

  test('the drop-in endpoint answers a submission over the limit of all keys, or of one key, with 413 in the envelope', async () => {
    const { key, auth } = createKey('shop', ['enqueue'], { bodyBytes: 500 });
    const large = { ...ask, more: 'x'.repeat(1500) };
    const small = await openHarness({ settings: { MAX_BODY_BYTES: 1024 } });
    const keyed = await openHarness({ settings: { API_KEYS: [key] } });
    for (const response of [await submit(small, large), await submit(keyed, large, auth)]) {
      expect(await readEnvelope(response)).toMatchObject({ status: 413, code: 'invalid_request' });
    }
    expect(await readEnvelope(await upload(keyed, new Uint8Array(1000), auth))).toMatchObject({
      status: 413,
    });
  });

  test('the drop-in endpoint rejects a submission from a page of another site, in the envelope', async () => {
    const harness = await openHarness();
    const rejected = await readEnvelope(await submit(harness, ask, { 'sec-fetch-site': 'cross-site' }));
    expect(rejected).toMatchObject({ status: 403, type: 'permission_error' });
  });

  test('the drop-in endpoint answers a submission without a queue with 503, the time to wait and the id of the unconfirmed render', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    expect((await harness.get('/readyz')).status).toBe(200);
    await proxy.refuse();
    const response = await submit(harness, ask);
    expect(response.headers.get('retry-after')).toBe('2');
    const rejected = await readEnvelope(response);
    expect(rejected).toMatchObject({ status: 503, code: 'no_available_channel', type: 'server_error' });
    expect(rejected.message).toMatch(/rnd_[0-9a-f]{32}/);
    expect(await readEnvelope(await harness.get(`${GENERATIONS}/${drawRenderId()}`))).toMatchObject({
      status: 503,
    });
  });
});
