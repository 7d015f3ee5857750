import { createApiKey } from '@darkroom/shared/keys';
import { openPage, requires, until, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { putCatalogueRun, putDeliveredRun, putSchedule } from '../support/contract/catalogue-fixture.ts';
import { putRun } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis', 'browser').describe('the pages of runs and of catalogues', () => {
  const [operator, shop] = [createApiKey(), createApiKey()];
  let harness: Harness;
  let browser: WatchedPage;

  beforeAll(async () => {
    const keys = [
      { tenant: '*', roles: ['read', 'operate'] as const, sha256: operator.sha256 },
      { tenant: 'shop', roles: ['read'] as const, sha256: shop.sha256 },
    ];
    harness = await openHarness({ settings: { API_KEYS: keys, API_RATE_PER_SECOND: 10_000 } });
    await putRun(harness, 'autumn', { tenant: 'shop', isOpen: true });
    await putRun(harness, 'press-kit', { tenant: 'press' });
    await putSchedule(harness, 'shoes', 'shop');
    await putSchedule(harness, 'bags', 'press');
    await putDeliveredRun(harness, [{ status: 'failed', code: 'generation_failed' }], { tenant: 'shop' });
    await putCatalogueRun(harness, { run: '2026-11-20' }, 'shop');
    browser = await openPage();
    const { page } = browser;
    await page.goto(`${harness.url}/runs`);
    await page.getByLabel('API key').fill(operator.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${harness.url}/runs`);
  });

  const readRow = async (name: string) =>
    (await browser.page.getByRole('row', { name }).locator('td').allInnerTexts()).map((text) => text.trim());
  const readAudit = async (target: string) => {
    const headers = { authorization: `Bearer ${operator.text}` };
    const response = await fetch(`${harness.url}/v1/audit?target=${encodeURIComponent(target)}`, { headers });
    const { data } = (await response.json()) as { data: { action: string; reason: string | null }[] };
    return data.map(({ action, reason }) => [action, reason]);
  };

  test('an operator sees the runs of all tenants, seals one and cancels it, and the audit log has both', async () => {
    const { page, troubles } = browser;
    await page.goto(`${harness.url}/runs`);
    expect((await readRow('press')).slice(1, 4)).toEqual(['press', 'finished', '0']);
    expect((await readRow('shop')).slice(1, 4)).toEqual(['shop', 'open', '0']);
    await page.getByRole('row', { name: 'shop' }).getByRole('link').first().click();
    await page.getByText('It takes renders. It can finish when it is sealed.').waitFor();
    const seal = page.locator('form', { has: page.getByRole('button', { name: 'Seal' }) });
    await seal.getByLabel('Reason').fill('all are in');
    await seal.getByRole('button').click();
    await page.getByText('It takes no more renders, and finishes with its last one.').waitFor();
    expect(await page.getByRole('button', { name: 'Seal' }).count()).toBe(0);
    await page.getByLabel('Reason').fill('wrong template');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('canceled: wrong template').waitFor();
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
    expect(await readAudit('run:autumn')).toEqual([
      ['run.cancel', 'wrong template'],
      ['run.seal', 'all are in'],
    ]);
    expect(troubles).toEqual([]);
  });

  test('an operator sees the catalogues of all tenants with their next night, follows one to its report, and cancels a run', async () => {
    const { page, troubles } = browser;
    await page.goto(`${harness.url}/catalogues`);
    expect((await readRow('bags')).slice(0, 4)).toEqual(['bags', 'press', 'nothing yet', 'nothing']);
    const shoes = await readRow('shoes');
    expect(shoes.slice(0, 2)).toEqual(['shoes', 'shop']);
    expect(shoes[3]).toBe('2026-11-20');
    expect(shoes[4]).toMatch(/^\d{4}-\d\d-\d\d 0\d:00:00 UTC Europe\/Berlin$/);
    await page.getByRole('link', { name: 'shoes', exact: true }).click();
    expect((await readRow('delivered')).slice(3, 10)).toEqual([
      '1',
      '0',
      '0',
      '1',
      '0',
      '0',
      '$0.000 of $0.000',
    ]);
    expect(await page.getByRole('link', { name: 'report' }).getAttribute('href')).toBe(
      `/v1/catalogues/${encodeURIComponent('shop:shoes')}/runs/delivered/report.html`,
    );
    const row = page.getByRole('row', { name: '2026-11-20' });
    await row.getByLabel('Reason').fill('the list is old');
    await row.getByRole('button', { name: 'Cancel' }).click();
    await row.getByText('buys nothing more: canceled').waitFor();
    expect(await row.getByRole('button').count()).toBe(0);
    expect(await readAudit('catalogue:shoes.2026-11-20')).toEqual([['catalogue.cancel', 'the list is old']]);
    expect(troubles).toEqual([]);
  });

  test('the page of a run reloads, but not while a person fills in its form', async () => {
    await putRun(harness, 'spring', { tenant: 'shop', isOpen: true });
    const { page, troubles } = browser;
    await page.clock.install();
    await page.goto(`${harness.url}/runs/spring?tenant=shop`);
    await page.evaluate(() => document.body.classList.add('first'));
    const isFirst = () => page.evaluate(() => document.body.classList.contains('first'));
    const reason = page.getByLabel('Reason').first();
    await reason.fill('all are in');
    await reason.blur();
    await page.clock.runFor(60_000);
    expect(await isFirst()).toBe(true);
    await reason.fill('');
    await page.clock.runFor(60_000);
    expect(await isFirst()).toBe(true);
    await reason.blur();
    await page.clock.runFor(6_000);
    await until(async () => !(await isFirst()));
    expect(troubles).toEqual([]);
  });

  test('a key of a tenant sees only the runs and catalogues of its tenant, without the buttons', async () => {
    const headers = { authorization: `Bearer ${shop.text}` };
    const read = async (path: string) => {
      const response = await fetch(harness.url + path, { headers });
      return [response.status, await response.text()] as const;
    };
    for (const [path, mine, other] of [
      ['/runs', '/runs/autumn', 'press-kit'],
      ['/catalogues', '/catalogues/shoes', 'bags'],
    ] as const) {
      const [status, text] = await read(path);
      expect([status, text.includes(mine), text.includes(other)]).toEqual([200, true, false]);
    }
    for (const path of ['/runs/autumn', '/catalogues/shoes'])
      expect((await read(path))[1]).not.toContain('<form');
    for (const path of [
      '/runs/press-kit',
      '/runs/press-kit?tenant=press',
      '/catalogues/bags',
      '/catalogues/press:bags',
    ])
      expect([path, (await read(path))[0]]).toEqual([path, 404]);
    const cancel = await fetch(`${harness.url}/runs/autumn/cancel`, { method: 'POST', headers });
    expect(cancel.status).toBe(403);
  });
});
