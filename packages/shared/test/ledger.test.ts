import { requires, service, startHttpProxy, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../src/ledger/index.ts';
import { openStore } from '../src/object-store/index.ts';
import {
  DATA_VERSION,
  dayIndexPrefix,
  type JobRequest,
  type Receipt,
  readDayIndexKey,
  sumCost,
} from '../src/render/index.ts';
import { systemClock } from '../src/runtime/index.ts';

const request: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'p',
  resolution: '1K',
  images: [],
  priority: 'batch',
};
const ID = 'rnd_00000000000000000000000000000001';
const FIRST = { renderId: ID, attempt: 1, claim: 1 };
const claim = (owner: string) => ({ owner, provider: 'toapis' as const, claimedBy: 'test', request });

const folderLedger = async () => {
  const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
  return { store, ledger: new Ledger(store, systemClock) };
};

describe('the ledger', () => {
  test('of sixteen owners that claim a purchase, exactly one gets it', async () => {
    const { ledger } = await folderLedger();
    const claims = await Promise.all(
      Array.from({ length: 16 }, (_, owner) => ledger.claim(FIRST, claim(`${owner}`))),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('release() frees the purchase for the next claim', async () => {
    const { ledger } = await folderLedger();
    expect(await ledger.claim(FIRST, claim('a'))).toBe(true);
    expect(await ledger.claim(FIRST, claim('b'))).toBe(false);
    await ledger.release(FIRST, { owner: 'a', reason: 'rate limited' });
    expect(await ledger.attemptState(ID, 1)).toEqual({ kind: 'unclaimed', nextClaim: 2 });
    expect(await ledger.claim({ ...FIRST, claim: 2 }, claim('b'))).toBe(true);
    expect(await ledger.attemptState(ID, 1)).toMatchObject({ kind: 'claimed', intent: { owner: 'b' } });
  });

  test('the first refund of an attempt stays, and other attempts have none', async () => {
    const { ledger } = await folderLedger();
    expect(await ledger.readRefund(ID, 1)).toBeUndefined();
    await ledger.writeRefund(ID, 1, { refundedAt: 5, reason: 'the task failed' });
    await ledger.writeRefund(ID, 1, { refundedAt: 6, reason: 'reported again' });
    expect(await ledger.readRefund(ID, 1)).toMatchObject({ refundedAt: 5, reason: 'the task failed' });
    expect(await ledger.readRefund(ID, 2)).toBeUndefined();
  });

  test('a release that arrives late, or twice, does not touch the claim of another owner', async () => {
    const { ledger } = await folderLedger();
    await ledger.claim(FIRST, claim('a'));
    await ledger.release(FIRST, { owner: 'a', reason: 'rate limited' });
    await ledger.claim({ ...FIRST, claim: 2 }, claim('b'));
    // The store had lost the answer to the first release, so its owner repeats it now.
    await ledger.release(FIRST, { owner: 'a', reason: 'rate limited' });
    expect(await ledger.attemptState(ID, 1)).toMatchObject({ kind: 'claimed', intent: { owner: 'b' } });
    // Neither the old number nor the new one can be claimed by a third owner.
    expect(await ledger.claim(FIRST, claim('c'))).toBe(false);
    expect(await ledger.claim({ ...FIRST, claim: 2 }, claim('c'))).toBe(false);
  });

  test('the last statement about an attempt counts, and one of two at the same time is refused', async () => {
    const { ledger } = await folderLedger();
    expect(await ledger.readStatement(ID, 1)).toBeUndefined();
    expect(await ledger.addStatement(ID, 1, { kind: 'bought', taskId: 'task_1', actor: 'ann' })).toBe(true);
    const both = await Promise.all([
      ledger.addStatement(ID, 1, { kind: 'not_bought', actor: 'ann' }),
      ledger.addStatement(ID, 1, { kind: 'not_bought', actor: 'bob' }),
    ]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await ledger.readStatement(ID, 1)).toMatchObject({ kind: 'not_bought' });
    expect(await ledger.readStatement(ID, 2)).toBeUndefined();
  });

  test('the first acceptance stays when another one is written', async () => {
    const { ledger } = await folderLedger();
    await ledger.claim(FIRST, claim('a'));
    expect(await ledger.attemptState(ID, 1)).toMatchObject({ kind: 'claimed', intent: { owner: 'a' } });
    const acceptance = {
      taskId: 'task_1',
      acceptedAt: 1,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'answer',
    } as const;
    await ledger.writeAcceptance(ID, 1, acceptance);
    await ledger.writeAcceptance(ID, 1, {
      ...acceptance,
      taskId: 'task_2',
      provider: 'toapis',
      source: 'webhook',
    });
    expect(await ledger.attemptState(ID, 1)).toEqual({
      kind: 'accepted',
      acceptance: { version: DATA_VERSION, ...acceptance },
    });
  });

  test('the day index lists renders by day and tenant, newest first, before they have a receipt', async () => {
    const { ledger, store } = await folderLedger();
    const day = Date.UTC(2026, 10, 22, 23, 59);
    const writeIndex = (last: number, tenant: string, createdAt: number) =>
      ledger.writeDayIndex({ renderId: `${ID.slice(0, -1)}${last}`, tenant, createdAt });
    await writeIndex(1, 'acme', day);
    await writeIndex(2, 'other', day);
    await writeIndex(3, 'acme', day + 1000);
    // A second write changes nothing.
    await writeIndex(3, 'acme', day + 1000);
    const page = await store.list({ prefix: dayIndexPrefix('acme', day) });
    expect(page.objects.map((object) => readDayIndexKey(object.key))).toEqual([
      { createdAt: day + 1000, renderId: `${ID.slice(0, -1)}3` },
      { createdAt: day, renderId: ID },
    ]);
  });

  test('readReceipt() returns the receipt that was written', async () => {
    const { ledger } = await folderLedger();
    const receipt: Receipt = {
      version: DATA_VERSION,
      renderId: ID,
      tenant: 'acme',
      status: 'canceled',
      request,
      fingerprint: 'f',
      createdAt: 1,
      finishedAt: 3,
      attempts: 0,
      purchases: [],
      cost: sumCost([]),
      canceled: { requestedAt: 2, from: 'submit' },
      notes: [{ at: 3, text: 'canceled' }],
    };
    expect(await ledger.readReceipt(ID)).toBeUndefined();
    await ledger.writeReceipt(receipt);
    expect(await ledger.readReceipt(ID)).toEqual(receipt);
  });
});

requires('s3').test('an owner whose answer was lost can claim again, and another owner cannot', async () => {
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
  await expect(ledger.claim(FIRST, claim('a'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(await ledger.claim(FIRST, claim('a'))).toBe(true);
  expect(await ledger.claim(FIRST, claim('b'))).toBe(false);
  await store.close();
});
