import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { type ApiKey, createApiKey } from '@darkroom/shared/keys';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, openPage, requires, tempDir } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { sampleCatalogue } from '../src/catalogue.ts';
import { type House, openHouse } from '../src/compose.ts';
import { renderCatalogue } from '../src/render-catalogue.ts';
import type { Ended } from '../src/summary.ts';

// A browser is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const clock: Clock = systemClock;
type Page = Awaited<ReturnType<typeof openPage>>['page'];

const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
/** Where pictures of the pages are left, for whoever wants to see what was tested. */
const PICTURES =
  process.env['SCREENSHOTS'] ?? fileURLToPath(new URL('../../../.cache/screenshots', import.meta.url));

async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage });
}

/** A house with the first samples of the catalogue rendered. */
async function houseWithRenders(
  count: number,
  more: Partial<Settings> = {},
): Promise<{ house: House; ended: Ended[] }> {
  const settings = {
    ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent' }),
    PORT: 0,
    WORKER_PORT: 0,
    ...more,
  };
  const house = await openHouse({ settings, secrets: [], clock, fast: true });
  cleanup(() => house.close());
  const samples = await sampleCatalogue(count, '1');
  const progress = { show: () => undefined, end: () => undefined };
  const { signal } = new AbortController();
  const run = await renderCatalogue(samples, house, { clock, signal, progress, startedAt: clock.now() });
  return { house, ended: run.ended };
}

/** So many samples have the one that the provider refuses among them. */
const UP_TO_THE_REFUSED = 15;

const completedOf = (ended: Ended[]) => ended.find(({ receipt }) => receipt.image) as Ended;

/** The sizes of the pictures in a page, in pixels: 0 where one was not loaded. */
const picturesIn = (page: Page) => page.evaluate('[...document.images].map((image) => image.naturalWidth)');

/** Whether a page is wider than what it is looked at through. */
const overflows = (page: Page) => page.evaluate('document.documentElement.scrollWidth > innerWidth');

requires('browser').describe('what people see, in a real browser', () => {
  let house: House;
  let ended: Ended[];
  let url: string;

  beforeAll(async () => {
    ({ house, ended } = await houseWithRenders(UP_TO_THE_REFUSED));
    url = house.producer.url;
  }, 120_000);

  test('the first page leads to the renders and the dead letters', async () => {
    const { page, troubles } = await openPage();
    await page.goto(url);
    await page.getByText('There are no API keys').waitFor();
    await picture(page, 'start', true);
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByText('content_policy_violation at submit').first().waitFor();
    expect(troubles).toEqual([]);
  });

  test('Bull Board shows a completed render by its prompt, leads to its page, and shows no secret', async () => {
    const { page, troubles } = await openPage();
    await page.goto(`${url}/queues/queue/render?status=completed`);
    await page
      .getByText(/Hand-thrown|Walnut|Field watch|Enamel|Sea-salt/)
      .first()
      .waitFor();
    expect(await page.getByText(/rnd_[0-9a-f]{32}/).count()).toBeGreaterThan(0);
    expect(await page.content()).not.toMatch(/data:image\/png;base64,iVBOR/);
    await picture(page, 'bull-board');
    const card = page.locator('a[href^="/renders/rnd_"]').first();
    await page.goto(new URL((await card.getAttribute('href')) ?? '', url).href);
    await page.getByText('What happened').waitFor();
    expect(troubles).toEqual([]);
  });

  test('a failed render says why, on Bull Board and on its page', async () => {
    const failed = ended.find(({ sample }) => sample.ends === 'failed');
    const { page, troubles } = await openPage();
    for (const path of [`/queues/queue/render/${failed?.id}`, `/renders/${failed?.id}`]) {
      await page.goto(url + path);
      await page.getByText('content_policy_violation').first().waitFor();
    }
    await picture(page, 'render-failed', true);
    expect(troubles).toEqual([]);
  });

  test.each([
    ['render', WIDE, 'light'],
    ['render-phone', PHONE, 'light'],
    ['render-phone-dark', PHONE, 'dark'],
  ] as const)(
    '%s: the page of a render has its image, its steps and its cost, and fits',
    async (name, viewport, colorScheme) => {
      const { id, receipt } = completedOf(ended);
      const { page, troubles } = await openPage(viewport, { colorScheme });
      await page.goto(`${url}/renders/${id}`);
      expect(await picturesIn(page)).toEqual([256]);
      for (const text of [
        id,
        'completed',
        'What happened',
        /submitted: accepted as/,
        /stored images\//,
        'Together',
      ]) {
        await page.getByText(text).first().waitFor();
      }
      await page
        .getByText(`$${(receipt.costMicros / 1e6).toFixed(3)}`)
        .first()
        .waitFor();
      expect(await overflows(page)).toBe(false);
      await picture(page, name, true);
      expect(troubles).toEqual([]);
    },
  );

  test('the page of a living render follows it to its end by itself', async () => {
    const answer = await fetch(`${url}/v1/renders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'A kettle over a small fire' }),
    });
    const { links } = (await answer.json()) as { links: { page: string } };
    const { page, troubles } = await openPage();
    await page.goto(links.page);
    await page.locator('.badge.completed').waitFor();
    await page.locator('img.picture').waitFor();
    expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(0);
    expect(troubles).toEqual([]);
  });

  test('the image that the API names opens as a picture of the size it says', async () => {
    const { receipt, id } = completedOf(ended);
    const render = (await (await fetch(`${url}/v1/renders/${id}`)).json()) as { image: { url: string } };
    const { page, troubles } = await openPage();
    await page.goto(render.image.url);
    const seen = await page.evaluate('[document.images[0].naturalWidth, document.images[0].naturalHeight]');
    expect(seen).toEqual([receipt.image?.width, receipt.image?.height]);
    expect(troubles).toEqual([]);
  });

  test('the API reference shows every operation, tries one out, and asks nobody else for anything', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const { page, troubles } = await openPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${url}/reference`);
    await page.getByText('The first image.').waitFor();
    for (const item of Object.values(document.paths)) {
      for (const { summary } of Object.values(item)) await page.getByText(summary).first().waitFor();
    }
    await picture(page, 'reference');
    await page
      .getByRole('button', { name: /Test Request/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^Send/ }).first().click();
    await page.getByText('next_cursor').first().waitFor();
    await picture(page, 'reference-tried');
    expect(asked.filter((one) => !one.startsWith(url) && !/^(data|blob):/.test(one))).toEqual([]);
    expect(troubles).toEqual([]);
  });
});

requires('browser').describe('what people see where keys are needed', () => {
  const keyOf = (tenant: string, roles: ApiKey['roles']) => {
    const { text, sha256 } = createApiKey();
    return {
      key: { tenant, roles, sha256 } satisfies ApiKey,
      httpCredentials: { username: 'me', password: text },
    };
  };
  const operator = keyOf('*', ['read', 'operate']);
  const shop = keyOf('default', ['read']);
  let house: House;
  let ended: Ended[];

  beforeAll(async () => {
    ({ house, ended } = await houseWithRenders(2, { API_KEYS: [operator.key, shop.key] }));
  }, 120_000);

  test('an operator types a key once and sees Bull Board', async () => {
    const { page, troubles } = await openPage(WIDE, operator);
    await page.goto(`${house.producer.url}/queues/queue/render?status=completed`);
    await page
      .getByText(/rnd_[0-9a-f]{32}/)
      .first()
      .waitFor();
    await picture(page, 'bull-board-with-key');
    expect(troubles).toEqual([]);
  });

  test("a tenant sees its render's page with its image, and no way to Bull Board", async () => {
    const { page, troubles } = await openPage(WIDE, shop);
    await page.goto(`${house.producer.url}/renders/${completedOf(ended).id}`);
    expect(await picturesIn(page)).toEqual([256]);
    expect(await page.getByText('Its job on the dashboard').count()).toBe(0);
    expect(troubles).toEqual([]);
    const refused = await page.goto(`${house.producer.url}/queues`);
    expect(refused?.status()).toBe(403);
  });

  test('nobody sees a page without a key', async () => {
    const { page } = await openPage();
    for (const path of ['/queues', `/renders/${completedOf(ended).id}`]) {
      const answer = await page.goto(house.producer.url + path).catch(() => undefined);
      // A browser that nobody types a key into shows what it got, or nothing at all.
      expect(answer?.status() ?? 401).toBe(401);
    }
  });
});
