import { createApiKey } from '@darkroom/shared/keys';
import { sumCost } from '@darkroom/shared/render';
import { openPage, requires, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { ASKED, putJob, putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const HOUR_MS = 3_600_000;
/** The time of a filter: in the form, without its zone. */
const toField = (at: number) => new Date(at).toISOString().slice(0, 16);

requires('redis', 'browser').describe('the table of renders', () => {
  const operator = createApiKey();
  let harness: Harness;
  let browser: WatchedPage;
  let completed: string;
  let failed: string;
  let waiting: string;

  beforeAll(async () => {
    const key = { tenant: '*', roles: ['read', 'operate'] as const, sha256: operator.sha256 };
    harness = await openHarness({ settings: { API_KEYS: [key], API_RATE_PER_SECOND: 10_000 } });
    ({ renderId: completed } = await putReceipt(harness, {
      tenant: 'shop',
      request: {
        ...REQUEST,
        prompt: 'a mug on oak',
        run: 'night',
        metadata: { sku: 'MUG-1042', rush: true },
      },
    }));
    ({ renderId: failed } = await putReceipt(harness, {
      tenant: 'press',
      status: 'failed',
      createdAt: ASKED + HOUR_MS,
      finishedAt: ASKED + HOUR_MS,
      purchases: [],
      cost: sumCost([]),
      failure: { code: 'task_lost', message: 'lost', step: 'poll', at: ASKED, chain: [] },
    }));
    ({ renderId: waiting } = await putJob(harness, { tenant: 'shop', createdAt: ASKED + 2 * HOUR_MS }));
    await fetch(`${harness.url}/v1/pauses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operator.text}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'wrong template', tenant: 'shop', name: 'shop-template', owner: 'ann' }),
    });
    browser = await openPage({ width: 390, height: 800 });
    const { page } = browser;
    await page.goto(`${harness.url}/renders?view=table`);
    await page.getByLabel('API key').fill(operator.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${harness.url}/renders?view=table`);
  });

  /** On a narrow window the filters are closed. */
  const open = async () => {
    await browser.page.goto(`${harness.url}/renders?view=table`);
    await browser.page.getByText('Filters').click();
  };
  const show = () => browser.page.getByRole('button', { name: 'Show' }).click();
  /** The ids of the rows. */
  const listRows = async () => {
    const boxes = await browser.page.locator('tr input[type=checkbox]').all();
    return await Promise.all(boxes.map((box) => box.inputValue()));
  };

  test('a row says what a render is, how far it is, why it waits or failed, and what it cost', async () => {
    await open();
    const { page } = browser;
    const rows = page.locator('tr:has(input)');
    const [first, second, third] = await rows.allInnerTexts();
    expect(first).toContain('queued');
    expect(first).toContain('waits: An operator paused the submission');
    expect(second).toContain('task_lost');
    for (const text of ['a mug on oak', 'MUG-1042', 'shop', 'night', 'completed', '$0.030'])
      expect(third).toContain(text);
    expect(await rows.nth(2).getByRole('link', { name: 'MUG-1042' }).getAttribute('href')).toBe(
      '/renders?view=table&text=MUG-1042',
    );
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
  });

  test('each field of the form finds its renders, and the result stays a table', async () => {
    const { page } = browser;
    const fields: [label: string, value: string, expected: string[]][] = [
      ['Prompt, SKU, metadata, task', 'mug-1042', [completed]],
      ['Prompt, SKU, metadata, task', 'ON OAK', [completed]],
      ['Prompt, SKU, metadata, task', 'true', [completed]],
      ['Prompt, SKU, metadata, task', completed.slice(0, 14), [completed]],
      ['Run', 'night', [completed]],
      ['Tenant', 'press', [failed]],
      ['From (UTC)', toField(ASKED + HOUR_MS), [waiting, failed]],
      ['Before (UTC)', toField(ASKED + HOUR_MS), [completed]],
    ];
    for (const [label, value, expected] of fields) {
      await open();
      await page.getByLabel(label).fill(value);
      await show();
      expect([label, value, await listRows()]).toEqual([label, value, expected]);
      expect(await page.getByLabel(label).inputValue()).toBe(value);
    }
    for (const [label, value, expected] of [
      ['Status', 'failed', [failed]],
      ['Code', 'task_lost', [failed]],
      ['Waits for', 'paused', [waiting]],
    ] as const) {
      await open();
      await page.getByLabel(label).selectOption(value);
      await show();
      expect([label, await listRows()]).toEqual([label, expected]);
    }
    await open();
    await page.getByLabel('Render id').fill(completed);
    await show();
    expect(new URL(page.url()).pathname).toBe(`/renders/${completed}`);
  }, 60_000);

  test('the selected renders are canceled in both views, and the page keeps its view and its filters', async () => {
    const { page, troubles } = browser;
    const canceled: string[] = [];
    for (const view of ['table', 'gallery']) {
      const { renderId } = await putJob(harness, { tenant: 'shop', createdAt: ASKED + 3 * HOUR_MS });
      canceled.push(renderId);
      await page.goto(`${harness.url}/renders?view=${view}&tenant=shop`);
      await page.getByLabel(`Select ${renderId}`).check();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('1 are being canceled.').waitFor();
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
        view,
        tenant: 'shop',
        canceled: '1',
      });
    }
    for (const id of canceled) expect(await harness.queues.cancel.getJob(id)).toBeDefined();
    await page.getByRole('link', { name: 'table' }).click();
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ view: 'table', tenant: 'shop' });
    await page.goto(`${harness.url}/renders?view=table&run=none`);
    expect(await page.locator('.empty').innerText()).toBe('No render matches the filters.');
    expect(troubles).toEqual([]);
  }, 60_000);
});
