import { freshS3Url, needs, service, startHttpProxy, tempDir } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { type JobRequest, Ledger, openStore, type Receipt, systemClock } from '../../src/index.ts';

const request: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'p',
  resolution: '1K',
  images: [],
  priority: 'batch',
};
const ID = 'rnd_00000000000000000000000000000001';
const claim = (owner: string) => ({ owner, by: 'test', request });

const folderLedger = async () => {
  const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
  return { store, ledger: new Ledger(store, systemClock) };
};

describe('the ledger', () => {
  test('of sixteen who claim a purchase exactly one may buy', async () => {
    const { ledger } = await folderLedger();
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, owner) => ledger.claim(ID, 1, claim(`${owner}`))),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('a refusal frees the purchase for another claim', async () => {
    const { ledger } = await folderLedger();
    expect(await ledger.claim(ID, 1, claim('a'))).toBe(true);
    expect(await ledger.claim(ID, 1, claim('b'))).toBe(false);
    await ledger.release(ID, 1);
    expect(await ledger.standing(ID, 1)).toEqual({ state: 'untouched' });
    expect(await ledger.claim(ID, 1, claim('b'))).toBe(true);
  });

  test('the first word on an acceptance stands', async () => {
    const { ledger } = await folderLedger();
    await ledger.claim(ID, 1, claim('a'));
    expect(await ledger.standing(ID, 1)).toMatchObject({ state: 'intended', intent: { owner: 'a' } });
    const accepted = { taskId: 'task_1', acceptedAt: 1, costMicros: 25_000, source: 'answer' } as const;
    await ledger.accept(ID, 1, accepted);
    await ledger.accept(ID, 1, { ...accepted, taskId: 'task_2', source: 'webhook' });
    expect(await ledger.standing(ID, 1)).toEqual({ state: 'accepted', accepted });
  });

  test('receipts can be listed by day and tenant without being read', async () => {
    const { ledger, store } = await folderLedger();
    const base = {
      v: 1 as const,
      state: 'failed' as const,
      request,
      fingerprint: 'f',
      finishedAt: 1,
      attempts: 0,
      purchases: [] as Receipt['purchases'],
      costMicros: 0,
    };
    const day = Date.UTC(2026, 10, 22, 23, 59);
    await ledger.writeReceipt({ ...base, renderId: ID, tenant: 'acme', createdAt: day });
    await ledger.writeReceipt({ ...base, renderId: `${ID.slice(0, -1)}2`, tenant: 'other', createdAt: day });
    const page = await store.list({ prefix: 'by-day/2026-11-22/acme/' });
    expect(page.objects.map((object) => object.key)).toEqual([`by-day/2026-11-22/acme/${ID}`]);
    expect(await ledger.receipt(ID)).toMatchObject({ tenant: 'acme', state: 'failed' });
  });
});

needs('s3').test('a claim whose answer was lost on the way is still known to be ours', async () => {
  const { bucket: _, ...access } = service('s3');
  const proxy = await startHttpProxy(access.endpoint);
  const s3 = { ...access, endpoint: proxy.url };
  const store = await openStore({ storeUrl: freshS3Url(), dataDir: await tempDir(), s3, clock: systemClock });
  const ledger = new Ledger(store, systemClock);
  proxy.fail({ method: 'PUT', path: /intent\.json/, times: 1 }, 'lose-answer');
  await expect(ledger.claim(ID, 1, claim('a'))).rejects.toMatchObject({ code: 'unavailable' });
  // The same run asks again; a stranger is told no.
  expect(await ledger.claim(ID, 1, claim('a'))).toBe(true);
  expect(await ledger.claim(ID, 1, claim('b'))).toBe(false);
  await store.close();
});
