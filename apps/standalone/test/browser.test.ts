import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Render } from '@darkroom/client';
import type { Settings } from '@darkroom/shared/config';
import { type ApiKey, createApiKey } from '@darkroom/shared/keys';
import { systemClock } from '@darkroom/shared/runtime';
import { openPage, requires } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import type { RunningDarkroom } from '../src/compose.ts';
import { type EndedSample, runSamples } from '../src/run-samples.ts';
import { readSampleCatalogue } from '../src/sample-catalogue.ts';
import { summarizeRun } from '../src/summary.ts';
import { openDarkroom } from './support/open-darkroom.ts';

// On a busy machine a browser is slow.
vi.setConfig({ testTimeout: 120_000 });

type Page = Awaited<ReturnType<typeof openPage>>['page'];

const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
/** The folder of the screenshots, for people who want to see what was tested. */
const SCREENSHOTS =
  process.env['SCREENSHOTS'] ?? fileURLToPath(new URL('../../../.cache/screenshots', import.meta.url));

async function takeScreenshot(page: Page, name: string, fullPage = false): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage });
}

/** A Darkroom that has rendered the first samples of the catalogue. */
async function openWithRenders(
  count: number,
  settings: Partial<Settings> = {},
): Promise<{ darkroom: RunningDarkroom; ended: EndedSample[]; report: string }> {
  const darkroom = await openDarkroom(settings);
  const catalogue = await readSampleCatalogue(count, darkroom.settings);
  const run = await runSamples(catalogue, darkroom, {
    name: 'samples',
    clock: systemClock,
    signal: new AbortController().signal,
    show: () => undefined,
  });
  const { report } = await summarizeRun(run, catalogue.samples, darkroom, 1);
  return { darkroom, ended: run.ended, report };
}

/** The fifth sample is the one that the provider refuses. */
const UP_TO_THE_REFUSED = 5;

const findCompleted = (ended: EndedSample[]) => ended.find(({ render }) => render?.image)?.render as Render;

/** The widths of all images, once they are loaded. */
const imageWidths = async (page: Page) => {
  await page.waitForFunction('[...document.images].every((image) => image.complete)');
  return page.evaluate('[...document.images].map((image) => image.naturalWidth)');
};

/** Whether a page is wider than its viewport. */
const overflows = (page: Page) => page.evaluate('document.documentElement.scrollWidth > innerWidth');

requires('browser').describe('the pages without API keys, in a real browser', () => {
  let darkroom: RunningDarkroom;
  let ended: EndedSample[];
  let report: string;
  let url: string;

  beforeAll(async () => {
    ({ darkroom, ended, report } = await openWithRenders(UP_TO_THE_REFUSED));
    url = darkroom.producer.url;
  }, 240_000);

  test('the contact sheet that start prints opens without a key, and shows each sample', async () => {
    const { page, troubles } = await openPage(WIDE);
    await page.goto(report);
    await page.getByText('MUG-101.jpg').first().waitFor();
    await page.getByText('REF-105.jpg').first().waitFor();
    const widths = (await imageWidths(page)) as number[];
    expect(widths).toHaveLength(UP_TO_THE_REFUSED - 1);
    expect(widths).not.toContain(0);
    await takeScreenshot(page, 'contact-sheet', true);
    expect(troubles).toEqual([]);
  });

  test('the start page links to the renders and to the dead letters', async () => {
    const { page, troubles } = await openPage();
    await page.goto(`${url}/start`);
    await page.getByText('There are no API keys').waitFor();
    await takeScreenshot(page, 'start', true);
    await page.getByRole('list').getByRole('link', { name: 'Dead letters' }).click();
    await page.getByText('content_policy_violation').filter({ visible: true }).first().waitFor();
    expect(troubles).toEqual([]);
  });

  test.for([
    ['wide', 1280, 'light'],
    ['phone-dark', 390, 'dark'],
  ] as const)(
    '%s: overview, renders and audit log show their content, and fit the viewport',
    async ([name, width, colorScheme]) => {
      const { page, troubles } = await openPage();
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 860 });
      for (const [path, text] of [
        ['/', 'Newest images'],
        ['/renders', 'Newest first'],
        ['/audit', 'What operators did'],
      ] as const) {
        await page.goto(url + path);
        await page.getByText(text).waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
        await takeScreenshot(page, `${path.slice(1) || 'overview'}-${name}`, true);
      }
      expect(troubles).toEqual([]);
    },
  );

  test('Bull Board shows the prompt of a completed render, links to its page, and shows no secret', async () => {
    const { page, troubles } = await openPage();
    await page.goto(`${url}/queues/queue/render?status=completed`);
    await page
      .getByText(/Stoneware|Walnut|Field watch|Enamel|Sea-salt/)
      .first()
      .waitFor();
    expect(await page.getByText(/rnd_[0-9a-f]{32}/).count()).toBeGreaterThan(0);
    expect(await page.content()).not.toMatch(/data:image\/png;base64,iVBOR/);
    await takeScreenshot(page, 'bull-board');
    const card = page.locator('a[href^="/renders/rnd_"]').first();
    await page.goto(new URL((await card.getAttribute('href')) ?? '', url).href);
    await page.getByText('What happened').waitFor();
    expect(troubles).toEqual([]);
  });

  test('Bull Board and the page of a failed render show its failure code', async () => {
    const failed = ended.find(({ entry }) => entry.status === 'failed');
    const { page, troubles } = await openPage();
    for (const path of [`/queues/queue/render/${failed?.render?.id}`, `/renders/${failed?.render?.id}`]) {
      await page.goto(url + path);
      await page.getByText('content_policy_violation').filter({ visible: true }).first().waitFor();
    }
    await takeScreenshot(page, 'render-failed', true);
    expect(troubles).toEqual([]);
  });

  test.each([
    ['render', WIDE, 'light'],
    ['render-phone', PHONE, 'light'],
    ['render-phone-dark', PHONE, 'dark'],
  ] as const)(
    '%s: the page of a render shows its image, steps and cost, and fits the viewport',
    async (name, viewport, colorScheme) => {
      const { id, cost } = findCompleted(ended);
      const { page, troubles } = await openPage(viewport, { colorScheme });
      await page.goto(`${url}/renders/${id}`);
      expect(await imageWidths(page)).toEqual([1024]);
      for (const text of [
        id,
        'completed',
        'What happened',
        /submitted: accepted as/,
        /stored images\//,
        'Spent',
      ]) {
        await page.getByText(text).first().waitFor();
      }
      await page.getByText(`$${cost.spent}`).first().waitFor();
      expect(await overflows(page)).toBe(false);
      await takeScreenshot(page, name, true);
      expect(troubles).toEqual([]);
    },
  );

  test('the page of a running render updates until the render has ended', async () => {
    const answer = await fetch(`${url}/v1/renders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'A kettle over a small fire' }),
    });
    const { links } = (await answer.json()) as { links: { page: string } };
    const { page, troubles } = await openPage();
    await page.goto(links.page);
    await page.locator('.badge.completed').waitFor();
    await page.locator('img.image').waitFor();
    expect(await page.locator('script[src="/assets/reload.js"]').count()).toBe(0);
    expect(troubles).toEqual([]);
  });

  test('the page of a paused render reloads, but keeps the reason that a person fills in', async () => {
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await answer.json()) as { links: { page: string } };
    };
    await post('/v1/pauses', { name: 'all-renders', reason: 'wrong template' });
    const { links } = await post('/v1/renders', { prompt: 'A lamp beside a window' });
    const { page, troubles } = await openPage();
    await page.clock.install();
    await page.goto(links.page);
    const reload = async (act: () => Promise<unknown>) => {
      const loaded = page.waitForEvent('load');
      await act();
      await loaded;
    };
    const button = page.getByRole('button', { name: 'Let it through' });
    while ((await button.count()) === 0) await reload(() => page.clock.runFor(3_000));
    expect(await page.locator('script[src="/assets/reload.js"]').count()).toBe(1);

    const loads: string[] = [];
    page.on('load', () => loads.push(page.url()));
    const reason = page.getByLabel('Reason');
    await reason.focus();
    await page.clock.runFor(30_000);
    await reason.fill('for the photographer');
    await reason.blur();
    await page.clock.runFor(30_000);
    expect(await reason.inputValue()).toBe('for the photographer');
    expect(loads).toEqual([]);
    await reason.fill('');
    await reason.blur();
    // A download begins like another page, which a reload would end.
    await page.evaluate(() => {
      const begun = document.body.dataset;
      addEventListener('beforeunload', () => (begun['leaves'] = String(Number(begun['leaves'] ?? 0) + 1)));
      dispatchEvent(new Event('beforeunload'));
    });
    await page.clock.runFor(27_000);
    expect(await page.evaluate(() => document.body.dataset['leaves'])).toBe('1');
    await reload(() => page.clock.runFor(6_000));

    await reason.fill('for the photographer');
    await button.click();
    await page.locator('.badge.completed').waitFor();
    expect(troubles).toEqual([]);
    await post('/v1/pauses/all-renders/resume', {});
  });

  test('the image URL of the API opens an image of the size that the API reports', async () => {
    const { id, image } = findCompleted(ended);
    const render = (await (await fetch(`${url}/v1/renders/${id}`)).json()) as { image: { url: string } };
    const { page, troubles } = await openPage();
    await page.goto(render.image.url);
    const seen = await page.evaluate('[document.images[0].naturalWidth, document.images[0].naturalHeight]');
    expect(seen).toEqual([image?.width, image?.height]);
    expect(troubles).toEqual([]);
  });

  test('the API reference shows every operation, sends a test request, and loads nothing from other hosts', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const { page, troubles } = await openPage();
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    await page.goto(`${url}/reference`);
    await page.getByText('The first image.').waitFor();
    for (const item of Object.values(document.paths)) {
      for (const { summary } of Object.values(item)) await page.getByText(summary).first().waitFor();
    }
    await takeScreenshot(page, 'reference');
    await page
      .getByRole('button', { name: /Test Request/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^Send/ }).first().click();
    await page.getByText('next_cursor').first().waitFor();
    await takeScreenshot(page, 'reference-tried');
    expect(requested.filter((one) => !one.startsWith(url) && !/^(data|blob):/.test(one))).toEqual([]);
    expect(troubles).toEqual([]);
  });
});

requires('browser').describe('the pages with API keys, in a real browser', () => {
  const createKey = (tenant: string, roles: ApiKey['roles']) => {
    const { text, sha256 } = createApiKey();
    return { key: { tenant, roles, sha256 } satisfies ApiKey, text };
  };
  const signIn = async (page: Page, key: string) => {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  const operator = createKey('*', ['read', 'operate']);
  const shop = createKey('default', ['read']);
  let darkroom: RunningDarkroom;
  let ended: EndedSample[];

  beforeAll(async () => {
    ({ darkroom, ended } = await openWithRenders(2, { API_KEYS: [operator.key, shop.key] }));
  }, 240_000);

  test('an operator enters a key once and sees Bull Board', async () => {
    const { page, troubles } = await openPage(WIDE);
    await page.goto(`${darkroom.producer.url}/queues/queue/render?status=completed`);
    await takeScreenshot(page, 'sign-in');
    await signIn(page, operator.text);
    await page
      .getByText(/rnd_[0-9a-f]{32}/)
      .first()
      .waitFor();
    await takeScreenshot(page, 'bull-board-with-key');
    expect(troubles).toEqual([]);
  });

  test('a tenant sees the page and the image of its render, but no link to Bull Board', async () => {
    const { page, troubles } = await openPage(WIDE);
    await page.goto(`${darkroom.producer.url}/renders/${findCompleted(ended).id}`);
    await signIn(page, shop.text);
    await page.locator('img.image').waitFor();
    expect(await imageWidths(page)).toEqual([1024]);
    expect(await page.getByText('Its job on the dashboard').count()).toBe(0);
    expect(troubles).toEqual([]);
    const refused = await page.goto(`${darkroom.producer.url}/queues`);
    expect(refused?.status()).toBe(403);
  });
});
