import { requires, service, startHttpProxy, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../src/ledger.ts';
import { openStore } from '../src/object-store/index.ts';
import { dayIndexPrefix, type JobRequest, type Receipt, readDayIndexKey } from '../src/render/index.ts';
import { systemClock } from '../src/runtime/index.ts';

const request: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'p',
  resolution: '1K',
  images: [],
  priority: 'batch',
};
const ID = 'rnd_00000000000000000000000000000001';
const claim = (owner: string) => ({ owner, provider: 'toapis' as const, claimedBy: 'test', request });

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
    expect(await ledger.attemptState(ID, 1)).toEqual({ state: 'unclaimed' });
    expect(await ledger.claim(ID, 1, claim('b'))).toBe(true);
  });

  test('the first word on an acceptance stands', async () => {
    const { ledger } = await folderLedger();
    await ledger.claim(ID, 1, claim('a'));
    expect(await ledger.attemptState(ID, 1)).toMatchObject({ state: 'claimed', intent: { owner: 'a' } });
    const accepted = {
      taskId: 'task_1',
      acceptedAt: 1,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'answer',
    } as const;
    await ledger.writeAcceptance(ID, 1, accepted);
    await ledger.writeAcceptance(ID, 1, {
      ...accepted,
      taskId: 'task_2',
      provider: 'toapis',
      source: 'webhook',
    });
    expect(await ledger.attemptState(ID, 1)).toEqual({ state: 'accepted', accepted });
  });

  test('renders can be listed by day and tenant, newest first, before anything is known of them', async () => {
    const { ledger, store } = await folderLedger();
    const day = Date.UTC(2026, 10, 22, 23, 59);
    const enter = (last: number, tenant: string, createdAt: number) =>
      ledger.writeDayIndex({ renderId: `${ID.slice(0, -1)}${last}`, tenant, createdAt });
    await enter(1, 'acme', day);
    await enter(2, 'other', day);
    await enter(3, 'acme', day + 1000);
    // Twice is once.
    await enter(3, 'acme', day + 1000);
    const page = await store.list({ prefix: dayIndexPrefix('acme', day) });
    expect(page.objects.map((object) => readDayIndexKey(object.key))).toEqual([
      { createdAt: day + 1000, renderId: `${ID.slice(0, -1)}3` },
      { createdAt: day, renderId: ID },
    ]);
  });

  test('a receipt reads back as it was written', async () => {
    const { ledger } = await folderLedger();
    const receipt: Receipt = {
      version: 1,
      renderId: ID,
      tenant: 'acme',
      status: 'canceled',
      request,
      fingerprint: 'f',
      createdAt: 1,
      finishedAt: 3,
      attempts: 0,
      purchases: [],
      costMicros: 0,
      canceled: { requestedAt: 2, from: 'submit' },
      notes: [{ at: 3, text: 'canceled' }],
    };
    expect(await ledger.readReceipt(ID)).toBeUndefined();
    await ledger.writeReceipt(receipt);
    expect(await ledger.readReceipt(ID)).toEqual(receipt);
  });
});

requires('s3').test('a claim whose answer was lost on the way is still known to be ours', async () => {
  const { bucket: _, ...access } = service('s3');
  const proxy = await startHttpProxy(access.endpoint);
  const s3 = { ...access, endpoint: proxy.url };
  const store = await openStore({
    storeUrl: uniqueS3Url(),
    dataDir: await tempDir(),
    s3,
    clock: systemClock,
  });
  const ledger = new Ledger(store, systemClock);
  proxy.fail({ method: 'PUT', path: /intent\.json/, times: 1 }, 'lose-answer');
  await expect(ledger.claim(ID, 1, claim('a'))).rejects.toMatchObject({ code: 'unavailable' });
  // The same run asks again; a stranger is told no.
  expect(await ledger.claim(ID, 1, claim('a'))).toBe(true);
  expect(await ledger.claim(ID, 1, claim('b'))).toBe(false);
  await store.close();
});
