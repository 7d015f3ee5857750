import { FAILURES } from '@darkroom/api';
import { openPage, requires, type WatchedPage } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { type Drill, formatDollars, repairProvider, SIX_CODES, startDrill } from '../support/drill.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

requires('redis', 'browser').describe('the drill in a browser', () => {
  let drill: Drill;
  let browser: WatchedPage;

  beforeAll(async () => {
    drill = await startDrill(12);
    browser = await openPage();
  });

  const click = (name: string) => browser.page.getByRole('button', { name }).click();
  const read = () => browser.page.locator('main').innerText();
  const open = async (path: string) => {
    await browser.page.goto(drill.server.url + path);
    return await read();
  };
  /** The number that a page shows under this name, and the note below it. */
  const readStat = (name: string) =>
    browser.page
      .locator('.stat', { has: browser.page.getByText(name, { exact: true }) })
      .locator('strong, span:last-child')
      .allInnerTexts();
  const groupOf = (code: keyof typeof FAILURES) =>
    browser.page.locator('main .stack > .card', { hasText: FAILURES[code].title });

  /** Executes the plan of the present page, and follows it to its end. */
  async function execute(total: number, unclear: string, spend: string): Promise<void> {
    const { page } = browser;
    await page.getByLabel('Renders per second').fill('500');
    await page.getByLabel('Stop before dollars').fill(spend);
    await page.getByLabel(unclear).check();
    await click(`Redrive ${total} render`);
    await page.waitForURL(/\/redrives\/rdv_/);
    await page.locator('.badge', { hasText: 'completed' }).waitFor({ timeout: 120_000 });
    expect(await readStat('Done')).toEqual([String(total)]);
    expect(await readStat('Failed again')).toEqual(['0']);
  }

  test('an operator completes every recoverable render with clicks, and buys what the plans name', async () => {
    const { having, ids, server } = drill;
    const { page } = browser;
    await page.goto(`${server.url}/dead-letters`);
    await page.getByLabel('API key').fill(server.env.DARKROOM_API_KEY);
    await click('Sign in');
    await page.waitForURL(`${server.url}/dead-letters`);
    const groups = await page.locator('main .stack > .card a[href^="/problems/"]').allInnerTexts();
    expect(groups.sort()).toEqual(SIX_CODES);
    const billing = repairProvider(drill);

    // The operator looks for each lost answer in the account of the provider. Those that were bought go on at once.
    for (const id of having('lamp')) {
      await open(`/renders/${id}`);
      await page.getByLabel('It was bought').check();
      const [task] = server.simulator.book.byBusinessId(id);
      await page.getByLabel('Task id').fill(task?.taskId ?? '');
      await click('Record the statement');
      await page.locator('h1 + p .badge', { hasText: 'completed' }).waitFor();
    }
    expect(server.simulator.book.totals()).toEqual(billing.before);

    await open('/dead-letters');
    await groupOf('content_policy_violation').getByRole('link', { name: 'Show all' }).click();
    await page.getByLabel('Note').last().fill('The shop changes these prompts.');
    await click(`Discard all ${having('mirror').length}`);
    await page.getByText(`${having('mirror').length} discarded.`).waitFor();

    // The others were not bought: the plan of these renders names what the acknowledgement buys.
    const vases = having('vase').length;
    await open('/dead-letters');
    await groupOf('submission_unknown').getByRole('button', { name: 'Plan a redrive' }).click();
    await page.waitForURL(/\/redrive-plans\/rdp_/);
    expect(await readStat('Bought again')).toEqual(['0', 'price: $0.000']);
    expect(await readStat('Need an acknowledgement')).toEqual([
      String(vases),
      `price, if bought again: $${formatDollars(vases)}`,
    ]);
    await execute(vases, 'Buy them again', formatDollars(vases));
    expect(await readStat('Bought again')).toEqual([
      String(vases),
      `$${formatDollars(vases)} of at most $${formatDollars(vases)}`,
    ]);

    // A lost task is polled again, and is not bought again.
    const rest = having('chair', 'table', 'clock', 'shelf').length;
    const bought = having('chair', 'table').length;
    await open('/dead-letters/list');
    await click(`Plan a redrive of all ${rest}`);
    await page.waitForURL(/\/redrive-plans\/rdp_/);
    expect(await readStat('Bought again')).toEqual([String(bought), `price: $${formatDollars(bought)}`]);
    await execute(rest, 'Look again, without buying', formatDollars(bought));

    // Exactly those that the plans name, to the cent of the provider's billing.
    expect(billing.spent()).toBe(Math.round((vases + bought) * 25_000));
    expect(billing.boughtIds()).toEqual(having('chair', 'table', 'vase'));
    const done = await server.json(['renders', 'list', '--status', 'completed', '--limit', '500']);
    expect(done.map(({ id }: { id: string }) => id).sort()).toEqual(
      ids.filter((id) => !having('mirror').includes(id)),
    );
    expect(await open('/dead-letters')).toContain('No dead letter matches the filters.');
    expect(await open('/renders?status=failed&view=table')).toContain('content_policy_violation');
    expect(browser.troubles).toEqual([]);
  });
});
