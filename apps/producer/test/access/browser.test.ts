import type { NewKeyResponse } from '@darkroom/api';
import { createApiKey, type Role } from '@darkroom/shared/keys';
import { openPage, requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { putCatalogueRun } from '../support/contract/catalogue-fixture.ts';
import { putJob, putReceipt, putRun } from '../support/contract/contract-fixture.ts';
import { putFailedRenders } from '../support/failed-renders.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const createKey = (roles: Role[]) => {
  const { text, sha256 } = createApiKey();
  return { text, key: { tenant: '*', roles, sha256 }, headers: { authorization: `Bearer ${text}` } };
};
const SESSION_ENDED = 'The session of this browser has ended';

requires('redis', 'browser').describe('roles in a browser', () => {
  const operator = createKey(['read', 'operate']);
  const reader = createKey(['read']);
  let harness: Harness;
  /** Pages of each kind, and the buttons that an operator has there. */
  let pages: Record<string, string[]>;

  beforeAll(async () => {
    const settings = {
      API_KEYS: [operator.key, reader.key],
      API_RATE_PER_SECOND: 10_000,
      WRONG_KEYS_PER_MINUTE: 2,
    };
    harness = await openHarness({ settings });
    const completed = await putReceipt(harness);
    const [failed = ''] = await putFailedRenders(harness, [{ code: 'upstream_unreachable', run: 'night' }]);
    const running = await putJob(harness);
    await putRun(harness, 'night-1', { isOpen: true });
    await putCatalogueRun(harness);
    pages = {
      '/renders': ['Cancel', 'Plan a redrive'],
      '/renders?view=table': ['Cancel', 'Plan a redrive'],
      [`/renders/${completed.renderId}`]: ['Buy it again'],
      [`/renders/${running.renderId}`]: ['Cancel'],
      [`/renders/${failed}`]: ['Plan a redrive'],
      '/dead-letters': ['Plan a redrive'],
      '/dead-letters/list': [
        'Plan a redrive of the selected',
        'Discard the selected',
        'Plan a redrive of all 1',
        'Discard all 1',
      ],
      [`/dead-letters/${failed}`]: ['Plan a redrive', 'Discard'],
      '/redrives': [],
      '/pauses': ['Pause'],
      '/batches': [],
      '/runs': [],
      '/runs/night-1?tenant=default': ['Seal', 'Cancel'],
      '/catalogues': [],
      '/catalogues/default:shoes': ['Cancel'],
      '/keys': ['Make the key'],
    };
  });

  /** A browser that is signed in with this key. It shows the page of `path`. */
  async function signIn(key: string, path: string) {
    const browser = await openPage();
    const { page } = browser;
    await page.goto(harness.url + path);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(harness.url + path);
    return browser;
  }
  const createStoredKey = async () => {
    const response = await fetch(`${harness.url}/v1/keys`, {
      method: 'POST',
      headers: { ...operator.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ tenant: '*', roles: ['read'], name: 'night shift' }),
    });
    return (await response.json()) as NewKeyResponse;
  };
  const revoke = (id: string) =>
    fetch(`${harness.url}/v1/keys/${id}/revoke`, { method: 'POST', headers: operator.headers });

  test('a reader sees every page of an operator without the buttons, and no change of it is accepted', async () => {
    const as = {
      operator: await signIn(operator.text, '/overview'),
      reader: await signIn(reader.text, '/overview'),
    };
    for (const [path, expected] of Object.entries(pages)) {
      const listButtons = async (who: keyof typeof as) => {
        const { page } = as[who];
        await page.goto(harness.url + path);
        const names = await page.locator('main button').allInnerTexts();
        return names.filter((name) => !['Show', 'Copy the id'].includes(name));
      };
      expect([path, await listButtons('operator')]).toEqual([path, expected]);
      expect([path, await listButtons('reader')]).toEqual([path, []]);
      expect(await as.reader.page.locator('main input[type=checkbox]').count()).toBe(0);
    }
    const { page, troubles } = as.reader;
    for (const path of [
      '/renders/cancel',
      '/redrive-plans',
      '/dead-letters/discard',
      '/keys',
      '/v1/pauses',
      '/v1/renders/rnd_1/cancel',
      '/runs/night-1/seal?tenant=default',
      '/runs/night-1/cancel?tenant=default',
      '/runs/night-1/redrive?tenant=default',
      '/catalogues/default:shoes/runs/2026-11-20/cancel',
    ]) {
      // With the session of the browser, as a page of this API would send it.
      const answer = await page.request.post(harness.url + path, {
        headers: { origin: harness.url, 'content-type': 'application/json' },
        data: '{}',
      });
      expect([path, answer.status()]).toEqual([path, 403]);
    }
    expect(as.operator.troubles).toEqual([]);
    expect(troubles).toEqual([]);
  }, 90_000);

  test('the open overview of a revoked key leads to the sign-in within seconds, which says why, and back', async () => {
    const made = await createStoredKey();
    const { page, troubles } = await signIn(made.key, '/overview');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await revoke(made.id);
    await page.getByText(SESSION_ENDED).waitFor();
    await page.getByLabel('API key').fill(reader.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${harness.url}/overview`);
    expect(troubles).toEqual([]);
  }, 60_000);

  test('a Bull Board whose session has ended leads to the sign-in, and back to its page', async () => {
    const made = await createStoredKey();
    const path = '/queues/queue/render?status=failed';
    const { page, troubles } = await signIn(made.key, path);
    await page.locator('[class*="jobLink-"]').first().waitFor();
    await revoke(made.id);
    await page.getByText(SESSION_ENDED).waitFor();
    await page.getByLabel('API key').fill(reader.text);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('[class*="jobLink-"]').first().waitFor();
    expect(page.url()).toBe(harness.url + path);
    // The browser reports what was refused: answers, and a script that Bull Board loads later.
    expect(troubles.filter((one) => !/status of 401|importScripts/.test(one))).toEqual([]);
  }, 60_000);

  // Last: afterwards, this address has sent too many wrong keys.
  test('a person who enters wrong keys reads when to try again, and a right key works at once', async () => {
    const { page } = await openPage();
    const enter = async (key: string) => {
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await page.goto(`${harness.url}/sign-in?next=/overview`);
    await enter('dk_wrong_1');
    await page.getByRole('alert').getByText('This key is unknown, or it was revoked.').waitFor();
    await enter('dk_wrong_2');
    await page.getByRole('alert').getByText('This key is unknown').waitFor();
    await enter('dk_wrong_3');
    await page.getByRole('alert').getByText('Too many wrong keys.').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(/try a wrong one again in \d+ s/);
    await enter(reader.text);
    await page.waitForURL(`${harness.url}/overview`);
  }, 60_000);
});
