import { auditListSchema, workerListSchema, workerSchema } from '@darkroom/api';
import { openPage, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';
import { putWorker } from '../support/worker-record.ts';

requires('redis').describe('workers', () => {
  test('a worker is listed with what it does, drained and undrained by its name, and both are audited', async () => {
    const harness = await openHarness();
    const send = (path: string, body?: unknown) =>
      fetch(`${harness.url}${path}`, {
        method: 'POST',
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    const list = async () => workerListSchema.parse(await (await harness.get('/v1/workers')).json()).data;
    await putWorker(harness, 'one');
    await putWorker(harness, 'two', { seenAt: Date.now() - 60_000 });
    expect(await list()).toMatchObject([
      { name: 'one', state: 'running', active: { render: 2 }, drain: null },
      { name: 'two', state: 'lost' },
    ]);
    const drained = await send('/v1/workers/one/drain', { reason: 'new machine' });
    expect(workerSchema.parse(await drained.json())).toMatchObject({
      state: 'draining',
      drain: { reason: 'new machine' },
    });
    await putWorker(harness, 'one', { drain: 'drained', active: {} });
    expect((await list())[0]).toMatchObject({ state: 'drained', active: {} });
    const overview = await (await harness.get('/overview')).text();
    expect(overview).toContain('All workers are drained');
    expect(await (await send('/v1/workers/one/undrain')).json()).toMatchObject({
      state: 'running',
      drain: null,
    });
    expect((await readProblem(await send('/v1/workers/none/drain', { reason: 'x' }))).code).toBe(
      'worker_not_found',
    );
    expect((await readProblem(await send('/v1/workers/one/drain', {}))).problems).toMatchObject([
      { field: 'reason' },
    ]);
    const audit = await (await harness.get('/v1/audit?target=worker:one')).json();
    expect(auditListSchema.parse(audit).data).toMatchObject([
      { action: 'worker.undrain', after: { drain: false } },
      { action: 'worker.drain', reason: 'new machine', before: { state: 'running' }, after: { drain: true } },
    ]);
  });
});

requires('redis', 'browser').describe('the page of workers', () => {
  test('drains a worker and overrides a limit with its forms, and shows why a value is rejected', async () => {
    const harness = await openHarness();
    await putWorker(harness, 'one');
    const { page } = await openPage();
    const shows = async (pattern: RegExp) =>
      await until(async () => pattern.test((await page.textContent('main')) ?? ''), { timeout: 10_000 });
    const override = async (value: string) => {
      await page.goto(`${harness.url}/workers`);
      await page.selectOption('select[name=limit]', 'store-concurrency');
      await page.selectOption('select[name=minutes]', '120');
      await page.fill('input[name=value]', value);
      await page.fill('form[action="/workers/limits"] input[name=reason]', 'many images');
      await page.click('button:text-is("Override")');
    };
    await override('1000');
    await shows(/a whole number from 1 to 256/);
    await override('16');
    await shows(/16 until .*many images.*by 0 of 1 workers; not by one/s);
    await page.fill('form[action="/workers/one/drain"] input', 'new machine');
    await page.click('button:text-is("Drain")');
    await shows(/draining.*new machine/s);
    await page.click('button:text-is("Unset")');
    await shows(/^(?!.*Unset)/s);
    await page.click('button:text-is("Undrain")');
    await shows(/^(?!.*(?:Unset|Undrain|new machine))/s);
  });
});
