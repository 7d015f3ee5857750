import { auditListSchema, limitListSchema, limitSchema } from '@darkroom/api';
import { ControlStore, readRevision } from '@darkroom/shared/control';
import { createApiKey } from '@darkroom/shared/keys';
import { removeWorkerRecord } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { putWorker, workerLimits } from '../support/worker-record.ts';

const SUBMISSIONS = '/v1/limits/submissions-per-minute';

requires('redis').describe('limits', () => {
  let harness: Harness;
  let as: (who: 'operator' | 'shop') => Record<string, string>;
  const send = (method: string, path: string, body?: unknown, who: 'operator' | 'shop' = 'operator') =>
    fetch(`${harness.url}${path}`, {
      method,
      headers: { ...as(who), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  beforeAll(async () => {
    const [operator, shop] = [createApiKey(), createApiKey()];
    as = (who) => ({ authorization: `Bearer ${who === 'operator' ? operator.text : shop.text}` });
    harness = await openHarness({
      settings: {
        TOAPIS_SUBMIT_PER_SECOND: 5,
        MAX_POLLS_PER_SECOND: 60,
        API_KEYS: [
          { tenant: '*', roles: ['operate', 'read'], sha256: operator.sha256 },
          { tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256: shop.sha256 },
        ],
      },
    });
  });

  test('a value above the maximum or below the minimum is rejected with its range, and never reduced', async () => {
    for (const [path, value, range] of [
      [SUBMISSIONS, 601, '30 to 600'],
      [SUBMISSIONS, 29, '30 to 600'],
      ['/v1/limits/polls-per-second', 61, '1 to 60'],
      ['/v1/limits/store-concurrency', 257, '1 to 256'],
    ] as const) {
      const problem = await readProblem(await send('PUT', path, { value, reason: 'more' }));
      expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
      expect(problem.problems).toEqual([
        { field: 'value', expected: `a whole number from ${range}`, received: String(value) },
      ]);
    }
    for (const [body, field] of [
      [{ value: 1.5, reason: 'x' }, 'value'],
      [{ value: 60 }, 'reason'],
      [{ value: 60, reason: 'x', until: '2020-01-01T00:00:00Z' }, 'until'],
    ] as const)
      expect((await readProblem(await send('PUT', SUBMISSIONS, body))).problems).toMatchObject([{ field }]);
    expect((await readProblem(await send('PUT', '/v1/limits/none', { value: 1, reason: 'x' }))).code).toBe(
      'limit_not_found',
    );
    const { data } = limitListSchema.parse(await (await send('GET', '/v1/limits')).json());
    expect(data.every(({ override, value, base }) => override === null && value === base)).toBe(true);
  });

  test('the share of a tenant is a limit, listed while the settings or an operator name it', async () => {
    const path = '/v1/limits/tenant-share.shop';
    const list = async () =>
      limitListSchema.parse(await (await send('GET', '/v1/limits')).json()).data.map(({ name }) => name);
    expect(limitSchema.parse(await (await send('GET', path)).json())).toMatchObject({
      value: 1,
      base: 1,
      override: null,
    });
    expect(await list()).not.toContain('tenant-share.shop');
    await putWorker(harness, 'sharing', {
      limits: { ...workerLimits, 'tenant-share.shop': { base: 1, value: 3 } },
    });
    const set = await send('PUT', path, { value: 3, reason: 'their launch' });
    expect(limitSchema.parse(await set.json())).toMatchObject({
      value: 3,
      override: { value: 3, reason: 'their launch' },
      minimum: 1,
      maximum: 100,
      workers: [{ name: 'sharing', base: 1, value: 3 }],
    });
    expect(await list()).toContain('tenant-share.shop');
    for (const value of [0, 101])
      expect((await readProblem(await send('PUT', path, { value, reason: 'x' }))).problems).toMatchObject([
        { field: 'value', expected: 'a whole number from 1 to 100' },
      ]);
    for (const name of ['tenant-share.', 'tenant-share.A b', 'tenant-share'])
      expect((await readProblem(await send('GET', `/v1/limits/${encodeURIComponent(name)}`))).code).toBe(
        'limit_not_found',
      );
    expect((await send('PUT', path, { value: 9, reason: 'more' }, 'shop')).status).toBe(403);
    await send('DELETE', path);
    expect(await list()).not.toContain('tenant-share.shop');
    const audit = await (await send('GET', '/v1/audit?target=limit:tenant-share.shop')).json();
    expect(auditListSchema.parse(audit).data).toMatchObject([
      { action: 'limit.unset', before: { value: 3 }, after: { value: 1 } },
      { action: 'limit.set', before: { value: 1 }, after: { value: 3 }, reason: 'their launch' },
    ]);
    await removeWorkerRecord(harness.queues, 'sharing');
  });

  test('an override is announced, shows who has applied it, is audited with both values, and no pause ends', async () => {
    const control = new ControlStore(harness.store);
    const pause = { name: 'review', scope: {}, reason: 'r', owner: 'ann', actor: 'ann', since: 1 };
    await control.addPause({ ...pause, version: DATA_VERSION });
    await putWorker(harness, 'one');
    await putWorker(harness, 'dead', { seenAt: Date.now() - 60_000 });
    const revision = await readRevision(harness.queues);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const set = await send('PUT', SUBMISSIONS, { value: 120, reason: 'slow today', until });
    expect(limitSchema.parse(await set.json())).toMatchObject({
      value: 120,
      base: 300,
      override: { value: 120, reason: 'slow today', until },
      workers: [{ name: 'one', value: 50 }],
    });
    expect(await readRevision(harness.queues)).not.toBe(revision);
    await send('PUT', SUBMISSIONS, { value: 90, reason: 'slower' });
    // The override before is gone from the store.
    expect((await control.readState()).limits).toMatchObject([{ value: 90 }]);
    const unset = limitSchema.parse(await (await send('DELETE', SUBMISSIONS)).json());
    expect(unset).toMatchObject({ value: 300, override: null, ended: null });
    const audit = await (await send('GET', '/v1/audit?target=limit:submissions-per-minute')).json();
    expect(auditListSchema.parse(audit).data).toMatchObject([
      { action: 'limit.unset', before: { value: 90 }, after: { value: 300 } },
      { action: 'limit.set', before: { value: 120, until }, after: { value: 90, until: null } },
      { action: 'limit.set', before: { value: 300, override: null }, after: { value: 120, until } },
    ]);
    expect((await control.readState()).pauses).toMatchObject([{ name: 'review' }]);
  });

  test('an override whose end has passed is shown as ended, and has no effect', async () => {
    const endedAt = Date.now() - 1_000;
    await new ControlStore(harness.store).setOverride({
      name: 'store-concurrency',
      value: 2,
      actor: 'ann',
      reason: 'test',
      since: endedAt - 1_000,
      until: endedAt,
    });
    // Any change announces itself, and the producer reads the store again.
    await send('PUT', '/v1/limits/webhook-concurrency', { value: 9, reason: 'x' });
    const limit = await (await send('GET', '/v1/limits/store-concurrency')).json();
    expect(limit).toMatchObject({ value: 8, override: null, ended: { value: 2, reason: 'test' } });
  });

  test('a key of one tenant changes no limit', async () => {
    expect((await send('GET', '/v1/limits', undefined, 'shop')).status).toBe(403);
    expect((await send('PUT', SUBMISSIONS, { value: 60, reason: 'x' }, 'shop')).status).toBe(403);
    expect((await send('DELETE', SUBMISSIONS, undefined, 'shop')).status).toBe(403);
  });
});
