import { FAILURE_CODES, FAILURES, PROBLEMS, type RenderResponse } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { type Failure } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { html } from '../../src/pages/design/index.ts';
import { putCatalogueRun, putSchedule } from '../support/contract/catalogue-fixture.ts';
import { ASKED, putReceipt, putRun } from '../support/contract/contract-fixture.ts';
import { openHarness } from '../support/harness.ts';
import { findReload, openPage } from '../support/open-page.ts';

requires('redis').describe('pages for people', () => {
  test('a page reloads while something on it can change, and after a recent action', async () => {
    const harness = await openHarness();
    const reloadOf = async (path: string) => findReload(await (await harness.get(path)).text());
    const { renderId } = await putReceipt(harness);
    expect(await reloadOf(`/renders/${renderId}`)).toBeNull();
    const form = { reason: 'the mug is blurred', max_spend: '1', accept_duplicate_charge: 'true' };
    const body = new URLSearchParams(form);
    const copy = await fetch(`${harness.url}/renders/${renderId}/buy-again`, { method: 'POST', body });
    expect(copy.status).toBe(200);
    expect(await reloadOf(`/renders/${renderId}`)).toEqual([3, undefined]);

    for (const isOpen of [true, false]) {
      const run = isOpen ? 'spring' : 'autumn';
      await putRun(harness, run, { isOpen });
      expect(await reloadOf(`/runs/${run}`)).toEqual(isOpen ? [5, undefined] : null);
    }
    const catalogues = ['/catalogues', '/catalogues/shoes'];
    await putSchedule(harness);
    for (const path of catalogues) expect(await reloadOf(path)).toBeNull();
    await putCatalogueRun(harness);
    for (const path of catalogues) expect(await reloadOf(path)).toEqual([5, undefined]);

    expect(await reloadOf('/workers')).toBeNull();
    expect(await reloadOf('/workers?changed=1')).toEqual([3, '/workers']);
    for (const path of ['/renders', '/runs', '/pauses', '/keys', '/audit', '/start'])
      expect([path, await reloadOf(path)]).toEqual([path, null]);
  });

  test('the `type` of every problem is the URL of a page that says what to do', async () => {
    const harness = await openHarness();
    const problem = (await (await harness.post({})).json()) as { type: string };
    const { text } = await openPage(harness, new URL(problem.type).pathname);
    expect(text).toContain('The request has problems');
    const all = await openPage(harness, '/problems');
    for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
      expect(all.text).toContain(`<a href="/problems/${code}">`);
      const one = await openPage(harness, `/problems/${code}`);
      expect([code, one.status]).toEqual([code, 200]);
      for (const content of [String(status), String(html`${title}`.text), 'What to do', 'request_id']) {
        expect(one.text).toContain(content);
      }
    }
    expect((await openPage(harness, '/problems/%3Cb%3E')).status).toBe(404);
  });

  test('every failure code has a page with its meaning, `retryable` and the effect of a redrive', async () => {
    const harness = await openHarness();
    const all = await openPage(harness, '/problems');
    for (const code of FAILURE_CODES) {
      const { title, meaning, advice, redrive, retryable } = FAILURES[code];
      expect(all.text).toContain(`<a href="/problems/${code}">`);
      const { status, text } = await openPage(harness, `/problems/${code}`);
      expect([code, status]).toEqual([code, 200]);
      const shown = text.replace(/<\/?code>/g, '`');
      for (const content of [
        title,
        meaning,
        advice,
        redrive,
        `retryable\`: <strong>${retryable ? 'yes' : 'no'}`,
      ]) {
        expect(shown).toContain(content);
      }
    }
    // This code is also that of a problem: its page has both parts.
    const both = await openPage(harness, '/problems/invalid_request');
    expect(both.text).toContain(PROBLEMS.invalid_request[1]);
    expect(both.text).toContain(FAILURES.invalid_request.title);
  });

  test('the page of a failed render and its `error` lead to the page of the failure code', async () => {
    const harness = await openHarness();
    const failure: Failure = { code: 'submission_unknown', message: 'm', step: 'hold', at: ASKED, chain: [] };
    const { renderId } = await putReceipt(harness, { status: 'failed', failure });
    const { text } = await openPage(harness, `/renders/${renderId}`);
    expect(text).toContain('<a href="/problems/submission_unknown">');
    expect(text).toContain(FAILURES.submission_unknown.title);
    const { error } = (await (await harness.get(`/v1/renders/${renderId}`)).json()) as RenderResponse;
    const page = await openPage(harness, new URL(error?.type ?? '').pathname);
    expect(page.text).toContain('does not submit');
  });

  test('the start page links to everything, and says whether a key is needed', async () => {
    const harness = await openHarness();
    const { text } = await openPage(harness, '/start');
    expect(text).toContain('There are no API keys');
    for (const [, path = ''] of text.matchAll(/href="(\/[^"]*)"/g)) {
      const { status } = await fetch(harness.url + path);
      expect([path, status]).toEqual([path, 200]);
    }
    const { sha256 } = createApiKey();
    const keyed = await openHarness({
      settings: { API_KEYS: [{ tenant: 'shop', roles: ['read'], sha256 }] },
    });
    const closed = await openPage(keyed, '/');
    expect(closed.text).not.toContain('There are no API keys');
    expect(closed.text).toContain('authorization: Bearer &lt;key&gt;');
  });
});
