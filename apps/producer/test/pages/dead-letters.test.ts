import { keyOfId, RedriveStore } from '@darkroom/shared/redrives';
import { openPage, requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { AT, putFailedRenders } from '../support/failed-renders.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis', 'browser').describe('the pages of dead letters and redrives', () => {
  let harness: Harness;
  let ids: string[];
  let browser: Awaited<ReturnType<typeof openPage>>;

  beforeAll(async () => {
    harness = await openHarness();
    ids = await putFailedRenders(harness, [
      { code: 'upstream_unreachable', message: 'connect ECONNREFUSED 10.0.0.1:443', run: 'night' },
      { code: 'upstream_unreachable', message: 'connect ECONNREFUSED 10.0.0.2:443', run: 'night' },
      { code: 'upstream_unreachable', message: 'connect ECONNREFUSED 10.0.0.3:443', priorEnds: 2 },
      { code: 'submission_unknown', resume: AT.hold, message: 'lost <b>answer</b>' },
      { code: 'content_policy_violation', prompt: 'a forbidden mug' },
    ]);
    browser = await openPage({ width: 390, height: 800 });
  });

  const click = (name: string) => browser.page.getByRole('button', { name }).first().click();
  const read = () => browser.page.locator('main').innerText();

  test('equal causes form one group, with its price, and a group without a price is not shown as 0', async () => {
    const { page } = browser;
    await page.goto(`${harness.url}/dead-letters`);
    const text = await read();
    expect(text).toContain('5 dead letters');
    expect(text).toContain('3 × The provider could not be reached');
    expect(text).toContain('connect ECONNREFUSED <address>');
    expect(text).toContain('1 of these were redriven before and failed again');
    expect(text).toContain('1 need an acknowledgement: ');
    expect(text).not.toContain('$null');
    await page.getByLabel('Group by').selectOption('run');
    await click('Show');
    expect(await read()).toContain('2 × night');
  });

  test('the filters select, and the page of one shows its causes and metadata', async () => {
    const { page } = browser;
    const list = async (query: string) => {
      await page.goto(`${harness.url}/dead-letters/list?${query}`);
      return await page.locator('tbody tr').count();
    };
    // One row is the head.
    for (const [query, count] of [
      ['code=upstream_unreachable', 3],
      ['run=night', 2],
      ['step=hold', 1],
      ['text=forbidden', 1],
      ['age=last-hour', 0],
      ['age=older-day', 5],
    ] as const) {
      expect([query, (await list(query)) - (count === 0 ? 0 : 1)]).toEqual([query, count]);
    }
    await list('text=forbidden');
    await page.getByRole('link', { name: 'rnd_' }).click();
    expect(await read()).toContain('a forbidden mug');
    expect(await read()).toContain('Error: the cause');
  });

  test('selected dead letters are discarded with a note, and a form without a selection discards none', async () => {
    const { page } = browser;
    await page.goto(`${harness.url}/dead-letters/list?code=content_policy_violation`);
    await page.getByLabel('Note').first().fill('the shop changes it');
    await click('Discard the selected');
    expect(await read()).toContain('The request has problems');
    expect(await harness.queues.deadLetter.count()).toBe(5);
    await page.goto(`${harness.url}/dead-letters/list?code=content_policy_violation`);
    await page.getByRole('checkbox').check();
    await page.getByLabel('Note').first().fill('the shop changes it');
    await click('Discard the selected');
    await page.getByText('1 discarded').waitFor();
    expect(await harness.queues.deadLetter.count()).toBe(4);
    expect(await harness.ledger.readDiscard(ids[4] ?? '')).toMatchObject({ note: 'the shop changes it' });
  });

  test('a plan shows what it buys, is executed with a rate and caps, and its redrive is followed and controlled', async () => {
    const { page, troubles } = browser;
    await page.goto(`${harness.url}/dead-letters/list`);
    await click('Plan a redrive of all 4');
    await page.waitForURL(/\/redrive-plans\/rdp_/);
    const plan = page.url();
    const text = await read();
    expect(text).toMatch(/Renders\s+4/);
    expect(text).toMatch(/Bought again\s+3\s+price: \$0\.075/);
    expect(text).toMatch(/Need an acknowledgement\s+1/);
    expect(await harness.queues.redrive.count()).toBe(0);
    await page.getByLabel('Renders per second').fill('20');
    await page.getByLabel('Stop before dollars').fill('0.05');
    await page.getByLabel('Look again').check();
    await page.getByLabel('Reason').fill('the provider is back');
    await click('Redrive 4 renders');
    await page.waitForURL(/\/redrives\/rdv_/);
    const redrive = page.url().split('/').at(-1) ?? '';
    expect((await harness.queues.redrive.getJob(redrive))?.data).toMatchObject({ total: 4 });
    expect(await new RedriveStore(harness.store).readRecord(keyOfId(redrive))).toMatchObject({
      rate: 20,
      maxSpendMicros: 50_000,
      pollAgain: true,
      acceptDuplicateCharge: false,
      reason: 'the provider is back',
    });
    await click('Pause');
    await page.getByText('paused', { exact: true }).waitFor();
    await click('Resume');
    await page.getByText('waiting', { exact: true }).waitFor();
    await click('Cancel the rest');
    await page.getByText('canceling', { exact: true }).waitFor();

    const store = new RedriveStore(harness.store);
    const key = keyOfId(redrive);
    await store.writeMarks(key, 0, {
      marks: 'dfc',
      failures: { 1: { code: 'content_policy_violation', message: 'no', step: 'submit' } },
    });
    const counts = { started: 2, done: 1, skipped: 1, failed: 1, buys: 2, spendMicros: 50_000 };
    await store.writeEnd(key, {
      status: 'canceled',
      endedAt: Date.now(),
      ...counts,
      tallies: [{}, {}, {}, {}, {}],
    });
    // The page reloads by itself.
    await page.getByText('content_policy_violation').waitFor();
    const ended = await read();
    expect(ended).toContain('at submit: no');
    expect(ended).toContain('it is not failed any more');
    expect(ended).not.toContain('reloads automatically');
    await page.goto(plan);
    expect(await read()).toContain('This plan is executed by its redrive');
    await page.goto(`${harness.url}/redrives`);
    expect(await read()).toContain('the provider is back');
    // The refused form is answered with 422.
    expect(troubles.filter((one) => !one.includes('422'))).toEqual([]);
  }, 60_000);

  test('none of these pages is wider than a phone', async () => {
    const { page } = browser;
    for (const path of ['/dead-letters', '/dead-letters/list', `/dead-letters/${ids[0]}`, '/redrives']) {
      await page.goto(harness.url + path);
      const excess = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect([path, excess]).toEqual([path, 0]);
    }
  });
});
