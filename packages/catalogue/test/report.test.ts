// The functions for `page.evaluate` run in the browser.
/// <reference lib="dom" />
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openPage, requires, tempDir, until, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { createEntry, generateEntries, writeStore } from './support/report-fixture.ts';

const ITEMS = 20_000;

/** How the fixture distributes the states. */
const COUNTS = { all: '20,000', new: '501', changed: '862', unchanged: '18,600', failed: '21' };

type Page = WatchedPage['page'];

const reportUrl = (run: string) => pathToFileURL(join(run, 'report.html')).href;

/** Sizes of what the page has asked for, by the name of the file. */
function watchFiles(page: Page): Map<string, string> {
  const files = new Map<string, string>();
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname;
    if (!/\.(webp|jpg)$/.test(path)) files.set(path.slice(path.lastIndexOf('/') + 1), path);
  });
  return files;
}

const excessOf = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
const countElements = (page: Page) => page.evaluate(() => document.querySelectorAll('*').length);
const shownText = (page: Page) => page.locator('#shown').innerText();
const tile = (page: Page, name: string) => page.getByRole('button', { name });

requires('browser').describe('a report of 20,000 images', () => {
  let url: string;
  let watched: WatchedPage;

  beforeAll(async () => {
    url = reportUrl(await writeStore(await tempDir(), generateEntries(ITEMS)));
    watched = await openPage();
  });

  /** Opens the report, and waits for its whole index. */
  async function open(viewport = { width: 1280, height: 860 }, hash = ''): Promise<WatchedPage> {
    const { page } = watched;
    await page.setViewportSize(viewport);
    // Another address, so that the page is loaded again.
    await page.goto('about:blank');
    await page.goto(url + hash);
    await page.waitForSelector('.tile, #empty:not([hidden])');
    await page.waitForFunction(() => !document.getElementById('shown')?.textContent?.startsWith('Loading'));
    return watched;
  }

  test('opens from file://, and its first screen needs five small files and few elements', async () => {
    const { page, troubles } = watched;
    const files = watchFiles(page);
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForSelector('.tile');
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    console.log(`first contentful paint of ${ITEMS} images from file://: ${Math.round(paint ?? -1)} ms`);
    const first = ['report.html', 'report.css', 'place.js', 'report.js', 'index-0001.js'];
    expect([...files.keys()]).toEqual(expect.arrayContaining(first));
    const sizes = await Promise.all(first.map(async (name) => (await stat(files.get(name) ?? '')).size));
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(350_000);
    // Prompts and details are read when they are needed. The rest of the index comes after the first screen.
    await page.waitForFunction(() => document.getElementById('shown')?.textContent === '20,000 images');
    expect([...files.keys()].filter((name) => name.startsWith('items-'))).toEqual([]);
    expect(await countElements(page)).toBeLessThan(800);
    expect(troubles).toEqual([]);
  });

  test('each filter shows as many images as its button says, and the address keeps the filter', async () => {
    const { page, troubles } = await open();
    for (const [filter, count] of Object.entries(COUNTS)) {
      const chip = page.locator(`.chip[data-filter=${filter}]`);
      expect(await chip.locator('b').innerText()).toBe(count);
      await chip.click();
      expect(await shownText(page)).toBe(filter === 'all' ? '20,000 images' : `${count} of 20,000 images`);
      expect(await chip.getAttribute('aria-pressed')).toBe('true');
    }
    expect(new Set(await page.locator('.tile .tag').allInnerTexts())).toEqual(new Set(['Failed']));
    await page.reload();
    await until(async () => (await shownText(page)) === '21 of 20,000 images');
    await page.locator('.chip[data-filter=approved]').click();
    expect(await page.locator('#empty').innerText()).toContain('No image is approved');
    expect(troubles).toEqual([]);
  });

  test('the search finds keys and names at once, then prompts, and says when there is nothing', async () => {
    const { page, troubles } = await open();
    const files = watchFiles(page);
    await page.keyboard.press('/');
    await page.keyboard.type('sku-09999');
    await until(async () => (await shownText(page)).startsWith('2 of 20,000 images'));
    expect(await page.locator('.tile .key').allInnerTexts()).toEqual([
      'SKU-09999 · front',
      'SKU-09999 · detail',
    ]);
    // Only in prompts. The words can be anywhere in them.
    await page.locator('#search').fill('brass 00017');
    await until(async () => (await shownText(page)) === '2 of 20,000 images');
    expect([...files.keys()].filter((name) => name.startsWith('items-'))).toHaveLength(80);
    await page.locator('#search').fill('zeppelin');
    await until(() => page.locator('#empty').isVisible());
    expect(await page.locator('#empty').innerText()).toBe('No image matches “zeppelin”.');
    await page.keyboard.press('Escape');
    expect(await shownText(page)).toBe('20,000 images');
    expect(troubles).toEqual([]);
  });

  test('a search below a filter reads only the prompts of the filter', async () => {
    const { page } = await open(undefined, '#filter=quarantined');
    const files = watchFiles(page);
    await page.locator('#search').fill('zeppelin');
    await until(() => page.locator('#empty').isVisible());
    expect([...files.keys()].filter((name) => name.startsWith('items-')).length).toBeLessThan(6);
  });

  test('the last image is reached by scrolling, and the document stays small', async () => {
    const { page, troubles } = await open();
    await page.keyboard.press('End');
    await tile(page, 'stool-10000-detail.jpg').waitFor();
    expect(await countElements(page)).toBeLessThan(800);
    const image = page.locator('.tile img').last();
    await until(() => image.evaluate((one: HTMLImageElement) => one.complete && one.naturalWidth > 0));
    expect(troubles).toEqual([]);
  });

  test('the keyboard moves through the images, opens them, and returns to where it was', async () => {
    const { page, troubles } = await open();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toContain('chair-00001-front.jpg');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toContain('side-table-00004-front.jpg');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'side-table-00004-front.jpg' });
    await dialog.waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'side-table-00004-detail.jpg' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#item=SKU-00004&view=detail');
    await page.keyboard.press('Escape');
    await until(async () => (await focused()).includes('side-table-00004-detail.jpg'));
    await page.keyboard.press('End');
    expect(await focused()).toContain('stool-10000-detail.jpg');
    expect(troubles).toEqual([]);
  });

  test('an image is shown beside the one before, with its prompt, its line and its render', async () => {
    const { page, troubles } = await open(undefined, '#item=SKU-00001&view=detail');
    await page.getByRole('img', { name: 'chair-00001-detail.jpg, before' }).waitFor();
    const images = page.locator('#d-compare img');
    await until(
      async () =>
        (await images.evaluateAll((all) => all.filter((one) => (one as HTMLImageElement).naturalWidth > 0)))
          .length === 2,
    );
    expect(await page.locator('#d-text').innerHTML()).toContain('<del>hard</del><ins>soft</ins>');
    const facts = await page.locator('#d-facts').innerText();
    expect(facts).toMatch(/Source\s+line 2\s/);
    expect(facts).toMatch(/Render\s+rnd_[0-9a-f]{32}/);
    await page.getByRole('button', { name: 'Slider' }).click();
    await page.getByRole('slider').press('Home');
    expect(
      await page.locator('.slide').evaluate((one) => (one as HTMLElement).style.getPropertyValue('--at')),
    ).toBe('0%');
    expect(troubles).toEqual([]);
  });

  test('a failure says what it means', async () => {
    const { page } = await open(undefined, '#item=SKU-00003&view=detail');
    await until(() => page.locator('#d-error').isVisible());
    expect(await page.locator('#d-error').innerText()).toMatch(
      /could not generate[^]*It refunded all of them[^]*generation_failed: The provider failed 3 tasks/,
    );
  });

  test('reviews stay in the browser, and are downloaded for the command line', async () => {
    const { page, troubles } = await open();
    await tile(page, 'chair-00001-front.jpg').click();
    await page.keyboard.press('a');
    await until(async () => (await page.locator('#d-state').innerText()) === 'Approved.');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'chair-00001-detail.jpg' }).waitFor();
    await page.keyboard.press('r');
    await page.getByLabel('Note').fill('The handle is missing.');
    await page.getByLabel('Again with another prompt').check();
    await page.getByLabel('The other prompt').fill('A chair with a handle.');
    await page.getByRole('button', { name: 'Close' }).click();
    // Other pages of file:// share the storage, so only this one is asked.
    await page.reload();
    await until(async () => (await page.locator('.chip[data-filter=rejected] b').innerText()) === '1');
    expect(await page.locator('.chip[data-filter=approved] b').innerText()).toBe('1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download reviews.json' }).click(),
    ]);
    const { reviews, ...file } = JSON.parse(await readFile(await download.path(), 'utf8'));
    expect(file).toEqual({ version: 1, catalogue: 'furniture', tenant: 'acme', run: 'night-2026-11-26' });
    expect(reviews).toMatchObject([
      { key: 'SKU-00001', view: 'front', verdict: 'approved', prompt: null },
      {
        key: 'SKU-00001',
        view: 'detail',
        verdict: 'rejected',
        note: 'The handle is missing.',
        prompt: 'A chair with a handle.',
        image_sha256: createEntry(1, 'changed').entry.image?.sha256,
        source_hash: createEntry(1, 'changed').entry.hash,
      },
    ]);
    // The same key takes a review back.
    await tile(page, 'chair-00001-front.jpg').click();
    await page.keyboard.press('a');
    await until(async () => (await page.locator('.chip[data-filter=approved] b').innerText()) === '0');
    await page.evaluate(() => localStorage.clear());
    expect(troubles).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'fits into a window of 390 pixels in %s colors',
    async (colorScheme) => {
      const { page, troubles } = await open({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme });
      expect(await excessOf(page)).toBe(0);
      const widths = await page
        .locator('.cell')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right));
      expect(Math.max(...widths)).toBeLessThanOrEqual(390);
      await tile(page, 'chair-00001-detail.jpg').click();
      await page.keyboard.press('r');
      await page.getByLabel('Note').waitFor();
      await page.evaluate(() => localStorage.clear());
      expect(await page.locator('#detail').evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
      expect(await excessOf(page)).toBe(0);
      expect(troubles).toEqual([]);
    },
  );

  test('paper has the first images, and no more than 500', async () => {
    const { page } = await open();
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    expect(await page.locator('.cell').count()).toBe(500);
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
    expect(await page.locator('.cell').count()).toBeLessThan(100);
  });
});

const HOSTILE = [
  '</script><script>document.title="owned"</script>',
  '"><img src=x onerror="document.title=\'owned\'">',
  "' onfocus='document.title=1' autofocus='",
  'x'.repeat(255),
  'Größe Ü 靴 🥾 \u2028 {name}',
];

requires('browser').describe('values of the source', () => {
  test('are shown as text, whatever they contain', async () => {
    const entries = HOSTILE.map((text, at) =>
      createEntry(at, at === 2 ? 'failed' : 'changed', {
        key: text,
        view: text,
        prompt: text,
        ...(at === 2 ? { error: { code: 'odd', message: HOSTILE[0] ?? '' } } : {}),
      }),
    );
    const run = await writeStore(await tempDir(), entries, {
      summary: { run: HOSTILE[0] ?? '', stopped: HOSTILE[1] ?? '' },
      imageSize: 8,
    });
    for (const file of [
      'report.html',
      ...(await readdir(join(run, 'report'))).map((name) => `report/${name}`),
    ])
      expect((await readFile(join(run, file), 'utf8')).split('</script><script>')).toHaveLength(1);
    const { page, troubles } = await openPage({ width: 390, height: 1200 });
    await page.goto(reportUrl(run));
    await page.waitForSelector('.tile');
    expect(await page.locator('.tile .key').allTextContents()).toEqual(
      HOSTILE.map((text) => `${text} · ${text}`),
    );
    for (const [at, text] of HOSTILE.entries()) {
      await page.locator('.tile').nth(at).click();
      await until(async () => (await page.locator('#d-text').textContent()) === text);
      expect(await page.locator('#d-key').textContent()).toBe(`${text} · ${text}`);
      expect(await excessOf(page)).toBe(0);
      // Every value survives its way through the address.
      const address = page.url();
      if (at % 2 === 0) {
        await page.goto('about:blank');
        await page.goto(address);
        await until(async () => (await page.locator('#d-text').textContent()) === text);
      }
      await page.getByRole('button', { name: 'Close' }).click();
    }
    expect(await page.title()).toBe(`furniture, ${HOSTILE[0]} · Darkroom`);
    expect(await page.locator('script:not([src]):not([type])').count()).toBe(0);
    expect(troubles).toEqual([]);
  });
});

describe('a report', () => {
  test('without items says so', async () => {
    const run = await writeStore(await tempDir(), []);
    const html = await readFile(join(run, 'report.html'), 'utf8');
    expect(html).toContain('<strong>0</strong> of 0 images are ready');
    expect((await readdir(join(run, 'report'))).sort()).toEqual(
      ['index-0001.js', 'items-0001.js', 'place.js', 'report.css', 'report.js', 'reviews.js'].sort(),
    );
  });
});
