import { drawRenderId } from '@darkroom/shared/render';
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

requires('redis').describe("at the provider's addresses", () => {
  test.each(ADDRESSES)('%s %s asks for a key, in the envelope', async (method, path) => {
    const { key } = createKey('shop', ['enqueue', 'read']);
    const rig = await openHarness({ settings: { API_KEYS: [key] } });
    for (const headers of [{}, { authorization: 'Bearer nobodys' }]) {
      expect(await readEnvelope(await fetch(rig.url + path, { method, headers }))).toMatchObject({
        status: 401,
        code: 'unauthorized',
        type: 'authentication_error',
      });
    }
  });

  test.each(ADDRESSES)('%s %s asks for the right role, in the envelope', async (method, path, wrong) => {
    const { key, auth } = createKey('shop', [wrong]);
    const rig = await openHarness({ settings: { API_KEYS: [key] } });
    const refused = await readEnvelope(await fetch(rig.url + path, { method, headers: auth }));
    expect(refused).toMatchObject({ status: 403, code: 'forbidden', type: 'permission_error' });
  });

  test("another tenant's task is none", async () => {
    const [shop, other] = [createKey('shop', ['enqueue', 'read']), createKey('other', ['enqueue', 'read'])];
    const rig = await openHarness({ settings: { API_KEYS: [shop.key, other.key] } });
    const { id } = await readTask(await submit(rig, ask, shop.auth));
    expect((await rig.get(`${GENERATIONS}/${id}`, shop.auth)).status).toBe(200);
    expect(await readEnvelope(await rig.get(`${GENERATIONS}/${id}`, other.auth))).toEqual({
      status: 404,
      code: 'task_not_found',
      message: 'Task not found',
      type: 'not_found_error',
    });
    // The same id of theirs is a render of their own.
    const named = { ...ask, client_business_id: 'order-7' };
    const mine = await readTask(await submit(rig, named, shop.auth));
    expect((await readTask(await submit(rig, named, other.auth))).id).not.toBe(mine.id);
  });

  test('a key that may only enqueue is not shown an image', async () => {
    const { key, auth } = createKey('shop', ['enqueue']);
    const rig = await openHarness({ settings: { API_KEYS: [key] } });
    const { id } = await readTask(await submit(rig, ask, { ...auth, 'idempotency-key': 'k' }));
    const job = await rig.queues.render.getJob(id);
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
    await rig.ledger.writeReceipt({
      version: 1,
      renderId: id,
      tenant: 'shop',
      status: 'completed',
      request,
      fingerprint,
      createdAt,
      finishedAt: createdAt,
      attempts: 1,
      purchases: [],
      costMicros: 0,
      image,
    });
    await job?.remove();
    const again = await readTask(await submit(rig, ask, { ...auth, 'idempotency-key': 'k' }));
    expect(again).toMatchObject({ id, status: 'in_progress' });
  });

  test('too many requests are 429 with the time to wait', async () => {
    const { key, auth } = createKey('shop', ['read'], { perSecond: 1 });
    const rig = await openHarness({ settings: { API_KEYS: [key] } });
    // A second may end among them, and what is not counted soon is let in.
    const refused = await until(async () => {
      const burst = Array.from({ length: 8 }, () => rig.get(`${GENERATIONS}/x`, auth));
      return (await Promise.all(burst)).find(({ status }) => status === 429);
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await readEnvelope(refused)).toMatchObject({
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
  ])('%s %s is %d with what is allowed', async (method, path, status, allow) => {
    const rig = await openHarness();
    const response = await fetch(rig.url + path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await readEnvelope(response)).toMatchObject({ status, code: 'method_not_allowed' });
  });

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
  ])('%s %s is %d in the envelope', async (method, path, status) => {
    const rig = await openHarness();
    expect(await readEnvelope(await fetch(rig.url + path, { method }))).toMatchObject({ status });
  });

  test.each(['text/plain', 'multipart/form-data; boundary=x', 'application/x-ndjson'])(
    'a submission of %s is 415 in the envelope',
    async (type) => {
      const rig = await openHarness();
      const refused = await readEnvelope(await submit(rig, '{"prompt":"x"}', { 'content-type': type }));
      expect(refused).toMatchObject({ status: 415, code: 'invalid_request' });
      expect(refused.message).toMatch(/^Content-Type: expected application\/json, received /);
    },
  );

  test('a submission that is too large is 413 in the envelope, of all or of one key', async () => {
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

  test('a page of another site is refused in the envelope', async () => {
    const rig = await openHarness();
    const refused = await readEnvelope(await submit(rig, ask, { 'sec-fetch-site': 'cross-site' }));
    expect(refused).toMatchObject({ status: 403, type: 'permission_error' });
  });

  test('the queue being away is 503 with the time to wait, and names the render that it did not confirm', async () => {
    const proxy = await startProxy(service('redis').url);
    const rig = await openHarness({ queueUrl: proxy.url });
    expect((await rig.get('/readyz')).status).toBe(200);
    await proxy.refuse();
    const response = await submit(rig, ask);
    expect(response.headers.get('retry-after')).toBe('2');
    const refused = await readEnvelope(response);
    expect(refused).toMatchObject({ status: 503, code: 'no_available_channel', type: 'server_error' });
    expect(refused.message).toMatch(/rnd_[0-9a-f]{32}/);
    expect(await readEnvelope(await rig.get(`${GENERATIONS}/${drawRenderId()}`))).toMatchObject({
      status: 503,
    });
  });
});
