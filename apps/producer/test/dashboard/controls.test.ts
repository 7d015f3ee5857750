import { QUEUE, type Queues } from '@darkroom/shared/queues';
import { drawRenderId } from '@darkroom/shared/render';
import { latch, openPage, requires, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { beforeAll, expect, test, vi } from 'vitest';
import { QUEUE_VIEWS, type QueueChange } from '../../src/dashboard/queue-views.ts';
import { type Harness, openHarness } from '../support/harness.ts';

// On a busy machine a browser is slow.
vi.setConfig({ testTimeout: 180_000 });

type Page = Awaited<ReturnType<typeof openPage>>['page'];

const QUEUES = Object.keys(QUEUE_VIEWS) as (keyof Queues)[];
const JOB_BUTTONS = '[class*="jobActions-"]';
const LIST_BUTTONS = '[class*="queueActions-"]';
const MENU_BUTTON = 'main button[aria-haspopup="menu"]';

/** Adds jobs in every state that has a control: in each queue one waits, one is delayed, one completed, one failed. */
async function addJobs({ engine, queues }: Harness, name: keyof Queues): Promise<void> {
  const data = { renderId: drawRenderId(), request: { prompt: 'a mug' } } as never;
  const add = (jobId: string, delay = 0) => queues[name].add('job' as never, data, { jobId, delay });
  const ended = latch();
  let count = 0;
  const worker = engine.worker(QUEUE[name], async (job) => {
    if (job.id === 'failed-1') throw new UnrecoverableError('refused');
    return {};
  });
  for (const event of ['completed', 'failed'] as const) {
    worker.on(event as 'completed', () => ++count === 2 && ended.open());
  }
  await add('completed-1');
  await add('failed-1');
  await ended.wait();
  await worker.close();
  await add('waiting-1');
  await add('delayed-1', 3_600_000);
}

/** The visible controls, by the names of their icons. */
async function listControls(page: Page, selector: string): Promise<string[]> {
  const icons = page.locator(`${selector} svg`).filter({ visible: true });
  const names = await icons.evaluateAll((svgs) => svgs.map((svg) => svg.getAttribute('class') ?? ''));
  return [...new Set(names.map((name) => /lucide-([\w-]+)(?!.*lucide-)/.exec(name)?.[1] ?? ''))].sort();
}

requires('redis', 'browser').describe('the controls of Bull Board', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
    await Promise.all(QUEUES.map((name) => addJobs(harness, name)));
    // As a worker does after the provider's 429.
    await harness.queues.submit.setGlobalRateLimit(5, 1000);
    await harness.queues.submit.rateLimit(3_600_000);
  });

  const openTab = async (page: Page, name: keyof Queues, status: string) => {
    await page.goto(`${harness.url}/queues/queue/${QUEUE[name]}?status=${status}`);
    await page.locator('[class*="jobLink-"]').first().waitFor();
  };

  test('a queue and its jobs show a control for each allowed change, and no other control', async () => {
    const { page, troubles } = await openPage();
    const shown: Record<string, Record<string, string[]>> = {};
    const expected: typeof shown = {};
    // One of the queues with the same changes.
    for (const name of ['render', 'submit', 'deadLetter', 'restore'] as const) {
      const { changes, deadReason } = QUEUE_VIEWS[name];
      const iconOf = (change: QueueChange, icon: string) => (changes.includes(change) ? [icon] : []);
      const [promote, retry, clean, remove] = [
        iconOf('promote', 'corner-up-left'),
        iconOf('retry', 'refresh-cw'),
        iconOf('clean', 'trash-2'),
        iconOf('remove', 'trash-2'),
      ];
      expected[name] = deadReason
        ? { 'failed jobs': remove, 'failed list': [] }
        : {
            'completed jobs': [],
            'completed list': clean,
            'failed jobs': retry,
            'failed list': retry,
            'delayed jobs': promote,
            'delayed list': promote,
            'waiting jobs': [],
            'waiting list': [],
          };
      const found: Record<string, string[]> = {};
      for (const key of Object.keys(expected[name]).filter((one) => one.endsWith(' jobs'))) {
        const [status = ''] = key.split(' ');
        await openTab(page, name, status);
        found[`${status} jobs`] = await listControls(page, JOB_BUTTONS);
        found[`${status} list`] = await listControls(page, LIST_BUTTONS);
      }
      expected[name]['menu'] = changes.includes('pause') ? ['pause', ...retry] : [];
      found['menu'] = [];
      const menu = page.locator(MENU_BUTTON).filter({ visible: true });
      if ((await menu.count()) > 0) {
        await menu.first().click();
        await page.getByRole('menuitem').filter({ visible: true }).first().waitFor();
        found['menu'] = await listControls(page, '[role="menuitem"]');
      }
      shown[name] = found;
    }
    expect(shown).toEqual(expected);
    expect(troubles).toEqual([]);
  });

  test('the pages of jobs, the overview, the dialogs and the schedules show no control that is rejected', async () => {
    const { page, troubles } = await openPage();
    for (const [path, controls] of [
      ['render/completed-1', []],
      ['render/failed-1', ['refresh-cw']],
      ['render/delayed-1', ['corner-up-left']],
      ['render/waiting-1', []],
      ['submit/failed-1', []],
      ['dead-letter/waiting-1', ['trash-2']],
      ['stop/delayed-1', []],
    ] as const) {
      await page.goto(`${harness.url}/queues/queue/${path}`);
      await page.getByRole('tab', { name: 'Logs' }).waitFor();
      expect([path, await listControls(page, JOB_BUTTONS)]).toEqual([path, controls]);
    }

    await page.goto(`${harness.url}/queues/`);
    const card = (name: string) =>
      page.locator('[class*="queueCard-"]', { has: page.getByText(name, { exact: true }) });
    await card('submit').waitFor();
    const withMenu: string[] = [];
    for (const name of QUEUES) {
      const button = card(QUEUE[name]).locator('button[aria-haspopup="menu"]').filter({ visible: true });
      if ((await button.count()) > 0) withMenu.push(name);
    }
    expect(withMenu).toEqual(QUEUES.filter((name) => QUEUE_VIEWS[name].changes.includes('pause')));
    expect(await page.getByText('rate limited').count()).toBe(0);
    await page.locator(MENU_BUTTON).filter({ visible: true }).first().click();
    await page.getByRole('menuitem', { name: 'Sort by' }).waitFor();
    expect(await listControls(page, '[role="menuitem"]')).toEqual(['arrow-up-down', 'refresh-cw']);

    await page.goto(`${harness.url}/queues/queue/submit`);
    await page.getByRole('button', { name: 'Queue info' }).click();
    await page.getByRole('dialog').getByText('Overview').waitFor();
    expect(await listControls(page, '[role="dialog"]')).toEqual(['chevron-down']);
    await harness.queues.maintenance.upsertJobScheduler('sweep', { every: 3_600_000 });
    await page.goto(`${harness.url}/queues/job-schedulers`);
    await page.locator('[class*="actionsCell-"]').first().waitFor();
    expect(await listControls(page, '[class*="actionsCell-"]')).toEqual([]);
    // The design of the pages.
    expect(
      await page.evaluate(() =>
        getComputedStyle(document.documentElement).getPropertyValue('--status-failed'),
      ),
    ).toBe('#b3261e');
    expect(troubles).toEqual([]);
  });

  test('every control that is shown makes its change', async () => {
    const { page } = await openPage();
    const answers: string[] = [];
    page.on('response', (response) => {
      const method = response.request().method();
      if (method !== 'GET')
        answers.push(`${method} ${new URL(response.url()).pathname.slice(19)} ${response.status()}`);
    });
    const confirm = async () => {
      const { length } = answers;
      await page.getByRole('button', { name: 'Confirm' }).click();
      await until(() => answers.length > length);
      await page.getByRole('button', { name: 'Confirm' }).waitFor({ state: 'hidden' });
    };
    const clickFirst = async (selector: string) => {
      await page.locator(`${selector} button`).filter({ visible: true }).first().click();
      await confirm();
    };
    const choose = async (item: string | RegExp) => {
      await page.locator(MENU_BUTTON).filter({ visible: true }).first().click();
      await page.getByRole('menuitem', { name: item }).click();
      await confirm();
    };
    await openTab(page, 'render', 'completed');
    await clickFirst(LIST_BUTTONS);
    await openTab(page, 'render', 'delayed');
    await clickFirst(JOB_BUTTONS);
    await openTab(page, 'webhook', 'delayed');
    await clickFirst(LIST_BUTTONS);
    await openTab(page, 'render', 'failed');
    await clickFirst(JOB_BUTTONS);
    await openTab(page, 'webhook', 'failed');
    await choose(/Retry all 1 failed/);
    await choose('Pause');
    await choose('Resume');
    await openTab(page, 'deadLetter', 'failed');
    await clickFirst(JOB_BUTTONS);
    expect(answers).toEqual([
      'PUT render/clean/completed 200',
      'PUT render/delayed-1/promote 204',
      'PUT webhook/promote 200',
      'PUT render/failed-1/retry 204',
      'PUT webhook/retry/failed 200',
      'PUT webhook/pause 200',
      'PUT webhook/resume 200',
      expect.stringMatching(/^PUT dead-letter\/.+\/clean 204$/),
    ]);
  });
});
