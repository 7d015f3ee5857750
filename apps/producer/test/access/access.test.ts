import type { RenderResponse } from '@darkroom/api';
import type { Role } from '@darkroom/shared/keys';
import { DATA_VERSION, drawRenderId, sumCost } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { createKeyring, enqueueAs } from '../support/keyring.ts';

const ROLES = ['enqueue', 'read', 'operate'] as const;
type Needed = Role | 'enqueue or operate' | 'overseer' | 'operator';

interface Operation {
  method: string;
  path: string;
  role: Needed | undefined;
}

requires('redis').describe('access with keys', () => {
  const keys = createKeyring();
  const shop = keys.give('shop', ROLES);
  const press = keys.give('press', ROLES);
  const operator = keys.give('*', ['read', 'operate']);
  const only = Object.fromEntries(ROLES.map((role) => [role, keys.give('shop', [role])]));
  const without = Object.fromEntries(
    ROLES.map((role) => [
      role,
      keys.give(
        'shop',
        ROLES.filter((one) => one !== role),
      ),
    ]),
  );
  let harness: Harness;
  let operations: Operation[];
  let id: string;

  beforeAll(async () => {
    harness = await openHarness({
      settings: { ...keys.settings(), API_RATE_PER_SECOND: 10_000, WRONG_KEYS_PER_MINUTE: 10_000 },
    });
    operations = await operationsOf(harness);
    id = await enqueueAs(harness, shop, 'first');
  });

  const ask = (operation: Operation, headers: Record<string, string>) =>
    fetch(`${harness.url}${operation.path.replace('{id}', id)}`, {
      method: operation.method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(operation.method === 'GET' ? {} : { body: '{}' }),
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
    });

  test('every operation of the API names the role that it needs, or needs no key', () => {
    expect(operations.length).toBeGreaterThan(10);
    for (const { role } of operations)
      expect([...ROLES, 'enqueue or operate', 'overseer', 'operator', undefined]).toContain(role);
    // Without `needs` a route is for operators only.
    const open = operations.filter(({ role }) => role === undefined).map(({ path }) => path);
    expect(open).toEqual(['/healthz', '/readyz']);
  });

  test('every operation answers 401 without a key and with an unknown key', async () => {
    for (const operation of operations.filter(({ role }) => role)) {
      for (const headers of [{}, { authorization: 'Bearer dk_unknown' }, { authorization: 'Basic ****' }]) {
        const response = await ask(operation, headers as Record<string, string>);
        expect([operation, response.status]).toEqual([operation, 401]);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
  });

  test('the response to a request without a key says how to send a key', async () => {
    const detail = async (authorization?: string) =>
      (await readProblem(await harness.get('/v1/renders', authorization ? { authorization } : {}))).detail;
    expect(await detail()).toContain('Authorization: Bearer <key>');
    expect(await detail('dk_without_a_scheme')).toContain('Authorization: Bearer <key>');
    expect(await detail('Bearer dk_unknown')).toBe('This API key is unknown.');
  });

  test('every operation answers 403 to a key without its role', async () => {
    for (const operation of operations) {
      if (!operation.role) continue;
      const key = operation.role === 'operator' ? shop : (without[operation.role] ?? only.read);
      const response = await ask(operation, key ?? {});
      expect([operation, response.status]).toEqual([operation, 403]);
    }
  });

  test('no operation reveals a render to another tenant', async () => {
    const unknown = `rnd_${'0'.repeat(32)}`;
    const forTenants = operations.filter(
      ({ path, role }) => path.includes('{id}') && role !== 'operator' && role !== 'overseer',
    );
    for (const operation of forTenants) {
      const others = await ask(operation, press);
      expect([operation, others.status]).toEqual([operation, 404]);
      const absent = await ask({ ...operation, path: operation.path.replace('{id}', unknown) }, press);
      expect(absent.status).toBe(404);
      const forget = (text: string) => text.replaceAll(/rnd_[0-9a-f]{32}|req_\w+/g, 'it');
      expect(forget(await others.text())).toBe(forget(await absent.text()));
    }
  });

  test('a key with one role can use the operations that need it, for its own tenant', async () => {
    expect((await harness.get(`/v1/renders/${id}`, only.read)).status).toBe(200);
    expect((await harness.post({ prompt: 'a' }, only.enqueue)).status).toBe(202);
    expect((await harness.get(`/v1/renders/${id}`, only.enqueue)).status).toBe(403);
    expect((await harness.post({ prompt: 'a' }, only.read)).status).toBe(403);
  });

  test('the image link in a response works without a key for one hour, and only for that image', async () => {
    const done = await completed(harness, 'shop');
    const answer = (await (await harness.get(`/v1/renders/${done}`, shop)).json()) as RenderResponse;
    const url = answer.image?.url ?? '';
    expect((await fetch(`${harness.url}/v1/renders/${done}/image`)).status).toBe(401);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(answer.image?.thumbnail_url ?? '')).status).toBe(200);
    // Any page may show an image by its signed link. No other page may show an image that needs a key.
    const policy = async (from: string, headers: Record<string, string>) =>
      (await fetch(from, { headers })).headers.get('cross-origin-resource-policy');
    expect(await policy(url, {})).toBe('cross-origin');
    expect(await policy(`${harness.url}/v1/renders/${done}/image`, shop)).toBe('same-origin');
    const until = Number(new URL(url).searchParams.get('expires'));
    expect(until - Date.now()).toBeGreaterThan(3_500_000);
    expect(until - Date.now()).toBeLessThanOrEqual(3_600_000);
    for (const bent of [
      url.replace('/image', '/thumbnail'),
      url.replace(done, id),
      url.replace('tenant=shop', 'tenant=press'),
      url.replace(String(until), String(until + 1)),
      url.replace(/signature=(.)/, (_, first) => `signature=${first === 'A' ? 'B' : 'A'}`),
    ]) {
      expect((await fetch(bent)).status).toBe(401);
    }
  });

  test('the same idempotency key names a different render for each tenant', async () => {
    expect(await enqueueAs(harness, shop, 'first')).toBe(id);
    const theirs = await enqueueAs(harness, press, 'first');
    expect(theirs).not.toBe(id);
    expect((await harness.get(`/v1/renders/${theirs}`, shop)).status).toBe(404);
  });

  test('an operator of all tenants can read every render and create none', async () => {
    expect((await harness.get(`/v1/renders/${id}`, operator)).status).toBe(200);
    expect((await harness.post({ prompt: 'a' }, operator)).status).toBe(403);
  });

  test.each(['/queues', '/queues/api/queues', '/queues/queue/render', '/metrics'])(
    '%s shows all tenants and is for operators only',
    async (path) => {
      expect((await harness.get(path)).status).toBe(401);
      expect((await harness.get(path, shop)).status).toBe(403);
      expect((await harness.get(path, operator)).status).toBe(200);
    },
  );

  test("a render's page leads a browser without a key to the sign-in, accepts Basic, and is for its tenant only", async () => {
    const html = { accept: 'text/html' };
    const asked = await harness.get(`/renders/${id}`, html);
    expect(asked.status).toBe(303);
    expect(asked.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(`/renders/${id}`)}`);
    const basic = ({ authorization }: { authorization: string }) => ({
      ...html,
      authorization: `Basic ${Buffer.from(`user:${authorization.slice(7)}`).toString('base64')}`,
    });
    expect((await harness.get(`/renders/${id}`, basic(shop))).status).toBe(200);
    expect((await harness.get(`/renders/${id}`, basic(press))).status).toBe(404);
  });

  test.each(['/', '/healthz', '/readyz', '/openapi.json', '/reference', '/problems/forbidden'])(
    '%s needs no key',
    async (path) => {
      const response = await fetch(`${harness.url}${path}`);
      expect(response.status).toBe(200);
    },
  );

  test('a page of another site cannot change anything, even when the browser sends a key', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const response = await harness.post({ prompt: 'a' }, { ...shop, 'sec-fetch-site': site });
      expect((await readProblem(response)).code).toBe('cross_site_request');
    }
    expect((await harness.post({ prompt: 'a' }, { ...shop, 'sec-fetch-site': 'same-origin' })).status).toBe(
      202,
    );
  });

  test('a page of another site cannot change anything when the browser sends only Origin', async () => {
    const { host, port } = new URL(harness.url);
    for (const origin of ['http://evil.example', `http://evil.example:${port}`, 'null', 'https://x.test/a']) {
      const response = await harness.post({ prompt: 'a' }, { ...shop, origin });
      expect((await readProblem(response)).code).toBe('cross_site_request');
    }
    expect((await harness.post({ prompt: 'a' }, { ...shop, origin: `http://${host}` })).status).toBe(202);
    expect((await harness.get('/v1/renders', { ...shop, origin: 'http://evil.example' })).status).toBe(200);
    const form = { method: 'POST', headers: { ...shop, origin: 'http://evil.example' }, body: 'x=1' };
    expect((await fetch(`${harness.url}/v1/renders/${id}/cancel`, form)).status).toBe(403);
    const pause = { method: 'PUT', headers: { ...operator, origin: 'http://evil.example' } };
    expect((await fetch(`${harness.url}/queues/api/queues/pause`, pause)).status).toBe(403);
    expect(await harness.queues.render.isPaused()).toBe(false);
  });

  test('no log line contains a key', () => {
    for (const { authorization } of [shop, press, operator])
      expect(harness.logs()).not.toContain(authorization.slice(7));
  });
});

async function operationsOf(harness: Harness): Promise<Operation[]> {
  const { paths } = (await (await fetch(`${harness.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-role'?: Needed }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      role: operation['x-role'],
    })),
  );
}

/** A render that ended long ago: its receipt, and what it refers to. */
async function completed(harness: Harness, tenant: string): Promise<string> {
  const renderId = drawRenderId();
  const key = `images/${renderId}.jpg`;
  const thumbnailKey = `thumbnails/${renderId}.webp`;
  for (const one of [key, thumbnailKey]) await harness.store.put(one, 'bytes', { contentType: 'image/jpeg' });
  const createdAt = Date.now() - 60_000;
  await harness.ledger.writeReceipt({
    version: DATA_VERSION,
    renderId,
    tenant,
    status: 'completed',
    request: {
      model: 'nano-banana-pro',
      prompt: 'a mug',
      resolution: '1K',
      images: [],
      priority: 'batch',
    },
    fingerprint: '0',
    createdAt,
    finishedAt: createdAt + 5_000,
    attempts: 1,
    purchases: [],
    cost: sumCost([]),
    image: { key, thumbnailKey, sha256: '0', bytes: 5, width: 1, height: 1, contentType: 'image/jpeg' },
  });
  return renderId;
}
