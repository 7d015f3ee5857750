import type { KeyListResponse, NewKeyResponse } from '@darkroom/api';
import { createApiKey, type Role } from '@darkroom/shared/keys';
import { openPage, requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { putJob, putReceipt } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const createKey = (tenant: string, roles: Role[]) => {
  const { text, sha256 } = createApiKey();
  return { text, key: { tenant, roles, sha256 }, headers: { authorization: `Bearer ${text}` } };
};
const HTML = { accept: 'text/html' };

requires('redis', 'browser').describe('sign-in and keys', () => {
  const operator = createKey('*', ['read', 'operate']);
  const reader = createKey('*', ['read']);
  const shop = createKey('shop', ['read']);
  let harness: Harness;
  /** Another producer of the same store. */
  let second: Harness;
  let renderPath: string;

  beforeAll(async () => {
    const settings = {
      API_KEYS: [operator.key, reader.key, shop.key],
      API_RATE_PER_SECOND: 10_000,
      WRONG_KEYS_PER_MINUTE: 3,
    };
    harness = await openHarness({ settings });
    second = await openHarness({
      settings: { ...settings, PUBLIC_URL: 'https://renders.example' },
      wrap: (deps) => ({ ...deps, store: harness.store }),
    });
    const { renderId } = await putReceipt(harness, { tenant: 'shop' });
    renderPath = `/renders/${renderId}`;
    await harness.queues.render.add('job' as never, {} as never, { jobId: 'delayed-1', delay: 3_600_000 });
  });

  const post = (to: Harness, path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(to.url + path, { method: 'POST', body, headers, redirect: 'manual' });
  const signIn = async (to: Harness, key: string, next = '/') => {
    const response = await post(to, '/sign-in', new URLSearchParams({ key, next }).toString());
    return { response, cookie: { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' } };
  };
  const call = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(harness.url + path, {
      headers: { ...operator.headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    return (await response.json()) as T;
  };

  test('a right key begins a session that is for this site only, leads back, and works at every producer', async () => {
    const { response, cookie } = await signIn(harness, shop.text, `${renderPath}?a=1`);
    expect([response.status, response.headers.get('location')]).toEqual([303, `${renderPath}?a=1`]);
    expect(response.headers.get('set-cookie')).toMatch(
      /^darkroom_session=[\w.-]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect((await harness.get(renderPath, { ...HTML, ...cookie })).status).toBe(200);
    expect((await second.get(renderPath, { ...HTML, ...cookie })).status).toBe(200);
    expect((await harness.get(`/v1${renderPath}/image`, cookie)).status).toBe(200);
    const secure = await signIn(second, shop.text);
    expect(secure.response.headers.get('set-cookie')).toContain('; Secure');
    for (const next of ['//evil.example/', 'https://evil.example/', '/\\evil.example', 'x']) {
      const { response: other } = await signIn(harness, shop.text, next);
      expect(other.headers.get('location')).toBe('/');
    }
    const forged = cookie.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await harness.get(renderPath, { ...HTML, cookie: forged })).status).toBe(303);
  });

  test('a session changes something only from a page of this API', async () => {
    const { cookie } = await signIn(harness, operator.text);
    const pause = (headers: Record<string, string>) =>
      post(harness, '/v1/queues/submit/pause', '{"reason":"test"}', {
        'content-type': 'application/json',
        ...cookie,
        ...headers,
      });
    for (const headers of [{}, { origin: 'http://evil.example' }, { 'sec-fetch-site': 'same-site' }]) {
      expect((await readProblem(await pause(headers as Record<string, string>))).code).toBe(
        'cross_site_request',
      );
    }
    expect((await pause({ origin: harness.url })).status).toBe(200);
    expect(
      (await post(harness, '/v1/queues/submit/resume', '', { ...cookie, origin: harness.url })).status,
    ).toBe(200);
  });

  test('signing out ends a session at every producer', async () => {
    const { cookie } = await signIn(harness, shop.text);
    expect((await second.get(renderPath, { ...HTML, ...cookie })).status).toBe(200);
    const out = await post(harness, '/sign-out', '', { ...cookie, origin: harness.url });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await harness.get(renderPath, { ...HTML, ...cookie })).status).toBe(303);
    await until(async () => (await second.get(renderPath, { ...HTML, ...cookie })).status === 303);
  });

  test('a new key works without a restart; a revoked key and its sessions end within seconds everywhere', async () => {
    const made = await call<NewKeyResponse>('/v1/keys', { tenant: 'shop', roles: ['read'], name: 'press' });
    expect(made).toMatchObject({ object: 'key', tenant: 'shop', source: 'store', name: 'press' });
    const headers = { authorization: `Bearer ${made.key}` };
    expect((await harness.get('/v1/renders', headers)).status).toBe(200);
    await until(async () => (await second.get('/v1/renders', headers)).status === 200);
    const { cookie } = await signIn(second, made.key);
    expect((await second.get(renderPath, { ...HTML, ...cookie })).status).toBe(200);

    await call(`/v1/keys/${made.id}/revoke`, { reason: 'it was in a log' });
    expect((await harness.get('/v1/renders', headers)).status).toBe(401);
    await until(async () => (await second.get('/v1/renders', headers)).status >= 400);
    expect((await second.get(renderPath, { ...HTML, ...cookie })).status).toBe(303);

    const { data } = await call<KeyListResponse>('/v1/keys');
    expect(data.map(({ source, revoked }) => [source, revoked?.reason ?? null])).toEqual([
      ['setting', null],
      ['setting', null],
      ['setting', null],
      ['store', 'it was in a log'],
    ]);
    expect(JSON.stringify(data)).not.toContain(made.key);
    const setting = await post(harness, `/v1/keys/${data[0]?.id}/revoke`, '', operator.headers);
    expect((await readProblem(setting)).code).toBe('key_in_settings');
    await until(async () => (await harness.get('/v1/audit', operator.headers)).status === 200);
    const audit = await call<{ data: { action: string; target: unknown }[] }>(
      `/v1/audit?target=key:${made.id}`,
    );
    expect(audit.data.map(({ action }) => action)).toEqual(['key.revoke', 'key.create']);
    expect(harness.logs() + second.logs()).not.toContain(made.key);
    const { objects } = await harness.store.list({ prefix: '' });
    for (const { key } of objects) {
      expect(Buffer.from((await harness.store.get(key)) ?? []).includes(made.key)).toBe(false);
    }
  });

  test('an operator makes a key on the page of keys, which shows it once, and revokes it there', async () => {
    const { page, troubles } = await openPage({ width: 390, height: 800 });
    await page.goto(`${harness.url}/keys`);
    await page.getByLabel('API key').fill(operator.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Tenant').fill('shop');
    await page.getByLabel('read').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    const headers = { authorization: `Bearer ${await page.locator('pre').textContent()}` };
    expect((await harness.get('/v1/renders', headers)).status).toBe(200);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
    await page.getByRole('link', { name: 'Done' }).click();
    expect(await page.getByText('dk_').count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.waitForURL(`${harness.url}/keys`);
    expect((await harness.get('/v1/renders', headers)).status).toBe(401);
    expect(troubles).toEqual([]);
  }, 60_000);

  test('the role read sees everything and changes nothing; other keys get a page that says what they lack', async () => {
    const { cookie } = await signIn(harness, reader.text);
    const as = { ...HTML, ...cookie, origin: harness.url };
    for (const path of ['/', '/overview', '/keys', '/queues', '/queues/api/queues', '/renders']) {
      expect([path, (await harness.get(path, as)).status]).toEqual([path, 200]);
    }
    const pause = await fetch(`${harness.url}/queues/api/queues/submit/pause`, {
      method: 'PUT',
      headers: as,
    });
    expect(pause.status).toBe(403);
    expect((await post(harness, `${renderPath}/statement`, 'purchase=not_bought', as)).status).toBe(403);
    expect((await harness.get('/v1/keys', as)).status).toBe(403);

    const lacking = await harness.get('/queues', { ...HTML, ...shop.headers });
    expect([lacking.status, lacking.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(await lacking.text()).toContain('use a key of tenant * with the role read or operate');
    const api = await harness.get('/queues/api/queues', shop.headers);
    expect((await readProblem(api)).code).toBe('forbidden');
  });

  test('a person signs in, sees a Bull Board without controls as a reader, and signs out', async () => {
    const { page, troubles } = await openPage();
    await page.goto(`${harness.url}/queues/queue/render?status=delayed`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByLabel('API key').fill(reader.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('[class*="jobLink-"]').first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/queues/queue/render');
    const controls = page
      .locator('[class*="jobActions-"] li, [class*="queueActions-"] li, main button[aria-haspopup="menu"]')
      .filter({ visible: true });
    expect(await controls.count()).toBe(0);
    await page.goto(`${harness.url}/overview`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.goto(`${harness.url}/overview`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    expect(troubles).toEqual([]);
  }, 60_000);

  test('an open event stream of a revoked key ends within seconds', async () => {
    const made = await call<NewKeyResponse>('/v1/keys', { tenant: 'shop', roles: ['read'] });
    const { renderId } = await putJob(harness, { tenant: 'shop' });
    const headers = { authorization: `Bearer ${made.key}` };
    const stream = await harness.get(`/v1/renders/${renderId}/events`, headers);
    expect(stream.status).toBe(200);
    await call(`/v1/keys/${made.id}/revoke`, {});
    expect(await stream.text()).not.toContain('event: end');
  });

  // Last: afterwards, this address has sent too many wrong keys.
  test('wrong keys are rate-limited per address, and a right key works all the time', async () => {
    const wrong = { authorization: 'Bearer dk_wrong' };
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) {
      statuses.push((await harness.get('/v1/renders', wrong)).status);
    }
    expect(statuses.at(-1)).toBe(429);
    const limited = await signIn(harness, 'dk_wrong');
    expect(limited.response.status).toBe(429);
    expect(Number(limited.response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await limited.response.text()).toContain('Too many wrong keys');
    expect((await harness.get('/v1/renders', shop.headers)).status).toBe(200);
    expect((await signIn(harness, shop.text)).response.status).toBe(303);
  });
});

requires('redis').test(
  'a session ends by itself after twelve hours, whatever its browser keeps',
  async () => {
    const { text, key } = createKey('shop', ['read']);
    let later = 0;
    const harness = await openHarness({
      settings: { API_KEYS: [key] },
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => Date.now() + later } }),
    });
    const body = new URLSearchParams({ key: text });
    const response = await fetch(`${harness.url}/sign-in`, { method: 'POST', body, redirect: 'manual' });
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    const HOUR_MS = 3_600_000;
    later = 12 * HOUR_MS - 60_000;
    expect((await harness.get('/v1/renders', { cookie })).status).toBe(200);
    later = 12 * HOUR_MS;
    expect((await harness.get('/v1/renders', { cookie })).status).toBe(401);
  },
);
