import { queueListSchema, queueSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';

const listPauses = async (harness: Harness, headers: Record<string, string> = {}) => {
  const response = await harness.get('/v1/queues', headers);
  expect(response.status).toBe(200);
  const { data } = queueListSchema.parse(await response.json());
  return data.filter(({ paused }) => paused);
};

const change = (harness: Harness, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${harness.url}/v1/queues/${path}`, {
    method: 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

function provePauses(engine: { queueUrl?: 'embedded' }) {
  test('a pause stops the queue and keeps its actor, reason and time until an operator resumes it', async () => {
    const harness = await openHarness(engine);
    const before = Date.now();
    const response = await change(harness, 'submit/pause', { reason: 'maintenance until 18:00' });
    expect(response.status).toBe(200);
    const { paused } = queueSchema.parse(await response.json());
    expect(paused).toMatchObject({ actor: 'a user of this machine', reason: 'maintenance until 18:00' });
    expect(Date.parse(paused?.since ?? '')).toBeGreaterThanOrEqual(before);
    expect(await harness.queues.submit.isPaused()).toBe(true);
    expect(await listPauses(harness)).toEqual([{ object: 'queue', name: 'submit', paused }]);

    expect((await change(harness, 'submit/resume')).status).toBe(200);
    expect(await harness.queues.submit.isPaused()).toBe(false);
    expect(await listPauses(harness)).toEqual([]);
    expect(await harness.queues.stop.getJob('pause-submit')).toBeUndefined();
  });

  test('pausing a paused queue replaces the reason', async () => {
    const harness = await openHarness(engine);
    for (const reason of ['first', 'second']) await change(harness, 'render/pause', { reason });
    expect((await listPauses(harness)).map(({ paused }) => paused?.reason)).toEqual(['second']);
  });

  test('a pause on the dashboard is recorded with its actor', async () => {
    const harness = await openHarness(engine);
    const put = (path: string) => fetch(`${harness.url}/queues/api/queues/${path}`, { method: 'PUT' });
    expect((await put('submit/pause')).status).toBe(200);
    expect(await listPauses(harness)).toMatchObject([
      { name: 'submit', paused: { actor: 'a user of this machine', reason: 'paused on the dashboard' } },
    ]);
    expect((await put('submit/resume')).status).toBe(200);
    expect(await listPauses(harness)).toEqual([]);
    // All at once would also pause the restore of a lost queue.
    expect((await put('pause')).status).toBe(403);
    expect(await listPauses(harness)).toEqual([]);
  });

  test('a pause that was made past Darkroom is shown without an actor', async () => {
    const harness = await openHarness(engine);
    await harness.queues.store.pause();
    expect(await listPauses(harness)).toEqual([
      { object: 'queue', name: 'store', paused: { actor: null, reason: null, since: null } },
    ]);
  });
}

requires('redis').describe('the pause of a queue on Redis', () => provePauses({}));
describe('the pause of a queue on PGlite', () => provePauses({ queueUrl: 'embedded' }));

requires('redis').describe('the rights and the requests of a pause', () => {
  test('only an operator of all tenants pauses a queue, and the start of its key names it', async () => {
    const [operator, tenant] = [createApiKey(), createApiKey()];
    const harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: '*', roles: ['operate'], sha256: operator.sha256 },
          { tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256: tenant.sha256 },
        ],
      },
    });
    const as = (text: string) => ({ authorization: `Bearer ${text}` });
    const body = { reason: 'audit' };
    expect((await change(harness, 'submit/pause', body, as(tenant.text))).status).toBe(403);
    expect(await harness.queues.submit.isPaused()).toBe(false);
    expect((await change(harness, 'submit/pause', body, as(operator.text))).status).toBe(200);
    const [pause] = await listPauses(harness, as(operator.text));
    expect(pause?.paused?.actor).toBe(`key *:…:${operator.sha256.slice(0, 8)}…`);
  });

  test('a pause needs a reason and the name of a queue with workers', async () => {
    const harness = await openHarness();
    const withoutReason = await change(harness, 'submit/pause', {});
    expect(withoutReason.status).toBe(422);
    expect(await withoutReason.json()).toMatchObject({ problems: [{ field: 'reason' }] });
    expect((await change(harness, 'submit/pause', { reason: ' ' })).status).toBe(422);
    expect((await change(harness, 'cancel/pause', { reason: 'x' })).status).toBe(404);
    expect(await harness.queues.submit.isPaused()).toBe(false);
  });
});
