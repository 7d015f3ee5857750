import { auditListSchema, pauseListSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { openPage, requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { impatientClock } from '../support/impatient-clock.ts';

requires('redis').describe('the page of pauses', () => {
  const keys = {
    operator: { tenant: '*', roles: ['operate', 'read'] },
    reader: { tenant: '*', roles: ['read'] },
    shop: { tenant: 'shop', roles: ['operate', 'read'] },
    shopReader: { tenant: 'shop', roles: ['read'] },
  } as const;
  type Who = keyof typeof keys;
  let harness: Harness;
  let as: (who: Who) => Record<string, string>;

  const read = async (path: string, who: Who = 'operator') => await (await harness.get(path, as(who))).text();
  const submit = (path: string, fields: Record<string, string>, who: Who = 'operator') =>
    fetch(harness.url + path, {
      method: 'POST',
      headers: as(who),
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
  const listPauses = async () => pauseListSchema.parse(JSON.parse(await read('/v1/pauses'))).data;
  const listActions = async (target: string) =>
    auditListSchema.parse(JSON.parse(await read(`/v1/audit?target=${target}`))).data;

  beforeAll(async () => {
    const made = Object.fromEntries(Object.keys(keys).map((who) => [who, createApiKey()]));
    as = (who) => ({ authorization: `Bearer ${made[who]?.text}` });
    harness = await openHarness({
      wrap: (deps) => ({ ...deps, clock: impatientClock() }),
      settings: {
        API_KEYS: Object.entries(keys).map(([who, { tenant, roles }]) => ({
          tenant,
          roles: [...roles],
          sha256: made[who]?.sha256 ?? '',
        })),
      },
    });
  });

  test('an operator pauses a tenant with a reason and an end, and resumes from the overview', async () => {
    const fields = {
      tenant: 'acme',
      run: '',
      model: '',
      reason: 'wrong <template>',
      owner: 'ann',
      minutes: '30',
    };
    const sent = await submit('/pauses', fields);
    expect([sent.status, sent.headers.get('location')]).toEqual([303, '/pauses']);
    const [pause] = await listPauses();
    const name = pause?.name ?? '';
    expect(pause).toMatchObject({ scope: { tenant: 'acme', run: null, model: null }, owner: 'ann' });
    const minutes = (Date.parse(pause?.until ?? '') - Date.parse(pause?.since ?? '')) / 60_000;
    expect(minutes).toBeCloseTo(30, 0);
    for (const page of ['/pauses', '/overview']) {
      const text = await read(page);
      expect(text).toContain('tenant acme');
      expect(text).toContain('wrong &lt;template&gt;');
      expect(text).toContain(`action="/pauses/${name}/resume"`);
    }
    // The second one is a double click.
    for (const [from, location] of [
      ['overview', '/overview'],
      ['', '/pauses'],
    ] as const) {
      const resumed = await submit(`/pauses/${name}/resume`, { from });
      expect([resumed.status, resumed.headers.get('location')]).toEqual([303, location]);
    }
    expect(await listPauses()).toEqual([]);
    const actions = (await listActions(`pause:${name}`)).map(({ action, source }) => [action, source]);
    expect(actions).toEqual([
      ['pause.end', 'page'],
      ['pause.create', 'page'],
    ]);
    expect(await read('/pauses')).toContain('Nothing is paused.');
  });

  test('without tenant, run and model all renders are paused, and a form without a reason pauses nothing', async () => {
    expect((await submit('/pauses', { tenant: 'acme' })).status).toBe(422);
    expect((await submit('/pauses', { reason: 'x', minutes: '-5' })).status).toBe(422);
    expect(await listPauses()).toEqual([]);
    await submit('/pauses', { reason: 'everything' });
    const [pause] = await listPauses();
    expect(pause?.scope).toEqual({ tenant: null, run: null, model: null, queue: null });
    expect(await read('/pauses')).toContain('all renders');
    await submit(`/pauses/${pause?.name}/resume`, {});
  });

  test('the pause of a queue is listed and resumed, too', async () => {
    await fetch(`${harness.url}/v1/queues/webhook/pause`, {
      method: 'POST',
      headers: { ...as('operator'), 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'the receiver is away' }),
    });
    expect(await read('/pauses')).toContain('queue webhook');
    expect(await read('/overview')).toContain('action="/pauses/queue-webhook/resume"');
    await submit('/pauses/queue-webhook/resume', {});
    expect(await listPauses()).toEqual([]);
  });

  test('a reader sees the pauses and no form, and a reader or another tenant changes nothing', async () => {
    await submit('/pauses', { tenant: 'shop', reason: 'of the shop' });
    await submit('/pauses', { tenant: 'acme', reason: 'of acme' });
    const ofShop = (await listPauses()).find(({ scope }) => scope.tenant === 'shop')?.name ?? '';
    const ofAcme = (await listPauses()).find(({ scope }) => scope.tenant === 'acme')?.name ?? '';
    for (const page of ['/pauses', '/overview']) {
      const text = await read(page, 'reader');
      expect(text).toContain('of acme');
      expect(text).not.toContain('action="/pauses');
      expect(text).not.toContain('>Pause renders<');
    }
    const shopPage = await read('/pauses', 'shop');
    expect(shopPage).toContain(`action="/pauses/${ofShop}/resume"`);
    expect(shopPage).not.toContain('of acme');
    expect(await read('/pauses', 'shopReader')).not.toContain('action="/pauses');
    for (const who of ['reader', 'shopReader'] as const) {
      expect((await submit('/pauses', { reason: 'x' }, who)).status).toBe(403);
      expect((await submit(`/pauses/${ofShop}/resume`, {}, who)).status).toBe(403);
    }
    expect((await submit('/pauses', { tenant: 'acme', reason: 'x' }, 'shop')).status).toBe(422);
    await submit(`/pauses/${ofAcme}/resume`, {}, 'shop');
    expect((await listPauses()).map(({ name }) => name).sort()).toEqual([ofAcme, ofShop].sort());
    for (const name of [ofAcme, ofShop]) await submit(`/pauses/${name}/resume`, {});
  });
});

requires('redis', 'browser').test('an operator pauses and resumes a run in a browser', async () => {
  const harness = await openHarness();
  const { page, troubles } = await openPage();
  await page.goto(`${harness.url}/overview`);
  await page.getByRole('link', { name: 'Pause renders' }).click();
  await page.getByLabel('Run').fill('night-12');
  await page.getByLabel('Reason').fill('wrong colors');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('run night-12').waitFor();
  await page.goto(`${harness.url}/overview`);
  await page.getByText('Submission is paused: run night-12').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.waitForURL(`${harness.url}/overview`);
  await until(async () => !(await page.content()).includes('Submission is paused'));
  expect(pauseListSchema.parse(await (await harness.get('/v1/pauses')).json()).data).toEqual([]);
  expect(troubles).toEqual([]);
});
