import { type ManifestEntry, writeReport } from '@darkroom/catalogue';
import { type Receipt } from '@darkroom/shared/render';
import { openPage, requires, until, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { ASKED, putReceipt } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { createKeyring } from '../support/keyring.ts';

const RUN = 'night-2026-11-26';
const PREVIOUS_RUN = 'night-2026-11-25';
const runPath = (name: string, run = RUN) => `/v1/catalogues/${name}/runs/${run}`;
const imageKey = (tenant: string, run: string, name: string) =>
  `catalogues/${tenant}/shoes/runs/${run}/images/${name}`;

function createEntry(tenant: string, { renderId, image }: Receipt, at: number, run = RUN): ManifestEntry {
  const name = `SH-${at}.jpg`;
  return {
    version: 1,
    key: `SH ${at}`,
    view: null,
    name,
    line: at + 2,
    hash: `1:${String(at % 3).repeat(64)}`,
    inputs: {
      prompt: `A photo of shoe ${at}`,
      model: 'gemini-3-pro-image-preview',
      size: null,
      resolution: '1K',
      format: 'jpg',
      references: [],
    },
    status: 'completed',
    origin: 'new',
    run,
    render_id: renderId,
    image: {
      // The first one is only known by its render, as an image that no run has copied.
      key: at === 0 || at > 2 ? (image?.key ?? '') : imageKey(tenant, run, name),
      sha256: `${at}${run === RUN ? 'a' : 'b'}`.padEnd(64, '0'),
      bytes: image?.bytes ?? 1,
      width: 512,
      height: 320,
      content_type: 'image/jpeg',
    },
    cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
    error: null,
    finished_at: new Date(ASKED).toISOString(),
  };
}

/** A run in the store. Its first three items have images in its folder. All have an image of the run before. */
async function putRun(harness: Harness, tenant: string, catalogue = 'shoes', items = 3): Promise<void> {
  const { store } = harness;
  const receipts = await Promise.all([0, 1, 2].map(() => putReceipt(harness, { tenant })));
  const bytes = await store.get(receipts[0]?.image?.key ?? '');
  if (!bytes) throw new Error('expected an image');
  const entries = Array.from({ length: items }, (_, at) => {
    const receipt = receipts[at % receipts.length] as Receipt;
    return {
      entry: createEntry(tenant, receipt, at),
      previous: createEntry(tenant, receipt, at, PREVIOUS_RUN),
    };
  });
  for (const { entry } of entries.slice(0, 3))
    for (const run of [RUN, PREVIOUS_RUN])
      await store.put(imageKey(tenant, run, entry.name), bytes, { contentType: 'image/jpeg' });
  await writeReport({
    summary: {
      tenant,
      catalogue,
      run: RUN,
      previousRun: PREVIOUS_RUN,
      startedAt: ASKED,
      finishedAt: ASKED + 60_000,
      stopped: null,
      removed: 0,
      budget: null,
    },
    entries,
    put: (path, body, contentType) =>
      store.put(`catalogues/${tenant}/${catalogue}/runs/${RUN}/${path}`, body, { contentType }),
  });
}

requires('redis', 'browser').describe('the report of a run in a browser', () => {
  const keyring = createKeyring();
  const acme = keyring.give('acme', ['read', 'enqueue']);
  const reader = keyring.give('acme', ['read']);
  let harness: Harness;
  let browser: WatchedPage;

  beforeAll(async () => {
    harness = await openHarness({ settings: { ...keyring.settings(), API_RATE_PER_SECOND: 10_000 } });
    await putRun(harness, 'acme');
    browser = await openPage();
  });

  async function signIn(key: { authorization: string }, path: string) {
    const { page } = browser;
    await page.context().clearCookies();
    await page.goto(harness.url + path);
    await page.getByLabel('API key').fill(key.authorization.replace('Bearer ', ''));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(harness.url + path);
    await page.waitForSelector('.tile');
  }
  const rejected = () => browser.page.locator('.chip[data-filter=rejected] b').innerText();
  const listReviews = async () =>
    ((await (await harness.get('/v1/catalogues/shoes/reviews', acme)).json()) as { data: object[] }).data;

  test('shows all images below its policy, and stores each review at once', async () => {
    const { page, troubles } = browser;
    await signIn(acme, `${runPath('shoes')}/report.html`);
    const areShown = (selector: string, count: number) =>
      until(async () => {
        const widths = await page
          .locator(selector)
          .evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth));
        return widths.length === count && widths.every((width) => width > 0);
      });
    await areShown('.tile img', 3);
    // Images of this run, of the run before, and one that only its render has.
    for (const name of ['SH-0.jpg', 'SH-1.jpg']) {
      await page.getByRole('button', { name }).click();
      await areShown('#d-compare img', 2);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'SH-2.jpg' }).click();
    await page.keyboard.press('r');
    await page.getByLabel('Note').fill('One shoe is missing.');
    await page.getByLabel('Again with another prompt').check();
    await page.getByLabel('The other prompt').fill('Two shoes.');
    await page.getByRole('button', { name: 'Close' }).click();
    await until(async () => JSON.stringify(await listReviews()).includes('Two shoes.'));
    expect(await listReviews()).toEqual([
      {
        object: 'review',
        key: 'SH 2',
        view: null,
        verdict: 'rejected',
        note: 'One shoe is missing.',
        prompt: 'Two shoes.',
        image_sha256: '2a'.padEnd(64, '0'),
        source_hash: `1:${'2'.repeat(64)}`,
        actor: expect.stringMatching(/^key acme:/),
        reviewed_at: expect.any(String),
      },
    ]);
    expect(await page.locator('#outbox').isVisible()).toBe(false);
    // Another browser of the tenant sees it.
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await until(async () => (await rejected()) === '1');
    expect(troubles).toEqual([]);
  });

  test('with 20,000 images, the first screen needs no details, and the last image is reached', async () => {
    await putRun(harness, 'acme', 'many', 20_000);
    const { page, troubles } = browser;
    await signIn(acme, `${runPath('many')}/report.html`);
    const paths: string[] = [];
    page.on('request', (request) => paths.push(new URL(request.url()).pathname));
    await page.reload();
    await page.waitForSelector('.tile');
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    console.log(`first contentful paint of 20000 images over HTTP: ${Math.round(paint ?? -1)} ms`);
    await page.waitForFunction(() => document.getElementById('shown')?.textContent === '20,000 images');
    expect(paths.filter((path) => path.includes('/report/items-'))).toEqual([]);
    expect(paths.filter((path) => path.endsWith('/thumbnail')).length).toBeLessThan(60);
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'SH-19999.jpg' }).waitFor();
    await page.locator('#search').fill('shoe 12345');
    await until(async () => (await page.locator('#shown').innerText()) === '1 of 20,000 images');
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(800);
    expect(troubles).toEqual([]);
  });

  test('a key that may only read keeps its reviews in the browser, and the page says why', async () => {
    const { page, troubles } = browser;
    await signIn(reader, `${runPath('shoes')}/report.html`);
    await page.getByRole('button', { name: 'SH-1.jpg' }).click();
    await page.keyboard.press('a');
    await page.getByRole('button', { name: 'Close' }).click();
    await until(async () =>
      (await page.locator('#outbox').innerText()).includes(
        '1 review not saved. Your key does not allow reviews.',
      ),
    );
    expect(await listReviews()).toHaveLength(1);
    await signIn(acme, `${runPath('shoes')}/report.html`);
    await until(async () => (await listReviews()).length === 2);
    expect(troubles.splice(0).filter((one) => !one.includes('status of 403'))).toEqual([]);
  });
});

requires('redis').describe('the files of a report', () => {
  const keyring = createKeyring();
  const acme = keyring.give('acme', ['read', 'enqueue']);
  const other = keyring.give('other', ['read', 'enqueue', 'operate']);
  const operator = keyring.give('*', ['read', 'operate']);
  let harness: Harness;

  beforeAll(async () => {
    harness = await openHarness({ settings: keyring.settings() });
    await putRun(harness, 'acme');
    await harness.store.put('catalogues/acme/shoes/runs/secret.html', 'secret', { contentType: 'text/html' });
  });

  test('the page runs only scripts of this API, and no frame shows it', async () => {
    const response = await harness.get(`${runPath('shoes')}/report.html`, acme);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test.each([
    ['report/../manifest.jsonl', 404],
    [`report/${encodeURIComponent('../../secret.html')}`, 404],
    [`report/${encodeURIComponent('../report.html')}`, 404],
    ['report/other.js', 404],
    ['report/report.js.map', 404],
    [`images/${encodeURIComponent('../report.html')}`, 404],
    ['images/report.html', 404],
    ['images/none.jpg', 404],
    ['images/SH-1.jpg', 200],
    ['report/report.css', 200],
    ['report/items-0001.js', 200],
    ['report/items-0002.js', 404],
  ])('%s is answered with %d', async (path, status) => {
    const response = await fetch(`${harness.url}${runPath('shoes')}/${path}`, { headers: acme });
    expect(response.status).toBe(status);
    if (status === 200) expect(response.headers.get('content-type')).not.toContain('html');
  });

  test('of another tenant are not found, and a key of all tenants finds them', async () => {
    const path = (name: string) => `${runPath(name)}/report.html`;
    for (const [key, name, status] of [
      [other, 'shoes', 404],
      [other, 'acme:shoes', 404],
      [acme, 'acme:shoes', 200],
      [operator, 'acme:shoes', 200],
      [operator, 'shoes', 200],
      [operator, 'boots', 404],
    ] as const)
      expect([name, (await harness.get(path(name), key)).status]).toEqual([name, status]);
    await putRun(harness, 'other');
    const problem = await readProblem(await harness.get(path('shoes'), operator));
    expect(problem).toMatchObject({
      code: 'catalogue_not_found',
      detail: 'Several tenants have it: acme:shoes, other:shoes.',
    });
    expect((await harness.get(`${runPath('shoes', 'none')}/report.html`, acme)).status).toBe(404);
  });
});
