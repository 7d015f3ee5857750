import { openStore } from '@darkroom/shared/object-store';
import { sumCost } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import {
  cleanup,
  latch,
  requires,
  service,
  startHttpProxy,
  tempDir,
  uniqueS3Url,
  until,
} from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test, vi } from 'vitest';
import { lowJitterClock, openHarness } from '../support/harness.ts';

// An outage has several steps, each of which may be slow.
vi.setConfig({ testTimeout: 120_000 });

requires('redis').describe('failures while storing', () => {
  test.for<FaultRule>([
    { kind: 'download_500' },
    { kind: 'download_cut' },
    { kind: 'truncated' },
    { kind: 'wrong_content_type' },
    { kind: 'oversize' },
    { kind: 'download_hang' },
    { kind: 'expired', times: 1 },
  ])('after $kind the download is tried again with an attempt, from the same purchase', async (fault) => {
    const hangs = fault.kind === 'download_hang' ? { DOWNLOAD_TIMEOUT_MS: 3000 } : {};
    const harness = await openHarness({ settings: { RESULT_MAX_BYTES: 4_000_000, ...hangs } });
    const state = harness.simulator.faults.add(fault);
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(state.fired).toBe(1);
    expect((await harness.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(2);
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a result that has moved is downloaded from where the provider says it is now', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'download_500', rate: 1 });
    const outage = await harness.startWorker({ settings: { STORE_CONCURRENCY: 1 } });
    const id = await harness.enqueue();
    await until(async () => ((await harness.queues.store.getJob(`${id}.t1`))?.attemptsMade ?? 0) >= 1);
    await outage.close();
    harness.simulator.faults.clear();
    await harness.ledger.writeResult(id, 1, {
      url: `${harness.simulator.url}/moved/away.jpg`,
      expiresAt: Number.MAX_SAFE_INTEGER,
    });
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
    expect((await harness.ledger.readResult(id, 1))?.url).not.toContain('moved');
  });

  test('a redirect inside the allowed hosts is followed', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'redirect' });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
    expect((await harness.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(1);
  });

  test('a redirect to a host that is not allowed fails the render, which stays redrivable', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).failure).toMatchObject({
      code: 'result_host_refused',
      step: 'store',
    });
    expect((await harness.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(1);
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('private addresses are refused unless they are allowed or belong to the provider', async () => {
    const harness = await openHarness({
      settings: { ALLOW_PRIVATE_HOSTS: false, RESULT_HOSTS: ['localhost'] },
    });
    harness.simulator.faults.add({
      kind: 'redirect',
      to: `https://localhost:${new URL(harness.simulator.url).port}/x.jpg`,
    });
    await harness.startWorker();
    const refused = await harness.enqueue();
    expect((await harness.waitForReceipt(refused)).failure).toMatchObject({
      code: 'result_host_refused',
      message: 'localhost resolves to an address that is not public',
    });
    expect((await harness.queues.store.getJob(`${refused}.t1`))?.attemptsMade).toBe(1);
    expect(harness.countPurchases(refused).charged).toBe(1);
    const fine = await harness.enqueue();
    expect((await harness.waitForReceipt(fine)).status).toBe('completed');
  });

  test('a result that expired before it was stored is bought again, within MAX_PURCHASES', async () => {
    const harness = await openHarness({ simulator: { resultTtlMs: 1 } });
    await harness.startWorker();
    const id = await harness.enqueue();
    const receipt = await harness.waitForReceipt(id);
    expect(receipt).toMatchObject({
      attempts: 3,
      cost: { ...sumCost([]), spentMicros: 75_000 },
      failure: { code: 'result_expired' },
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 3, refunded: 0 });
  });

  test('a result that the host has lost is bought again', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'expired', times: 5 });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'completed', attempts: 2 });
    expect(harness.countPurchases(id).charged).toBe(2);
  });

  test.for([404, 403, 410])(
    'a gateway that answers a download with a page and status %i has not lost the result, which is not bought again',
    async (status) => {
      const harness = await openHarness();
      const state = harness.simulator.faults.add({ kind: 'download_html', status, times: 8 });
      await harness.startWorker();
      const id = await harness.enqueue();
      expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'completed', attempts: 1 });
      expect(state.fired).toBe(8);
      expect(harness.countPurchases(id).charged).toBe(1);
    },
  );

  test('an unexpected error fails the render at once, with its stack, and is never retried', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    await harness.store.put(`ledger/${id}/1/intent.json`, 'not json', { contentType: 'application/json' });
    await harness.startWorker();
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.failure).toMatchObject({ code: 'internal_error', step: 'submit' });
    expect(receipt.failure?.chain.join('\n')).toMatch(/SyntaxError[\s\S]*at .*ledger/);
    expect((await harness.queues.submit.getJob(`${id}.s1`))?.attemptsMade).toBe(1);
    expect(harness.countPurchases(id).charged).toBe(0);
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(0);
  });
});

/** A store on the real S3 server, behind a proxy that injects faults. */
async function storeBehindProxy() {
  const { bucket: _, ...access } = service('s3');
  const proxy = await startHttpProxy(access.endpoint);
  const s3 = { ...access, endpoint: proxy.url };
  const store = await openStore({
    storeUrl: uniqueS3Url(),
    dataDir: await tempDir(),
    s3,
    clock: lowJitterClock,
  });
  cleanup(() => store.close());
  return { store, proxy };
}

requires('redis', 's3').describe('while S3 is away', () => {
  test('while S3 is away nothing fails and nothing is bought; afterwards every render completes from one purchase', async () => {
    const { store, proxy } = await storeBehindProxy();
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    await harness.queues.submit.pause();
    await harness.startWorker({ store });
    const early = await harness.enqueue();
    await until(async () => (await harness.queues.render.getJobState(early)) === 'waiting-children');
    await proxy.refuse();
    await harness.queues.submit.resume();
    // A render that cannot be added to the day index is not bought, because it could not be listed.
    const unseen = await harness.enqueue();
    await until(async () => ((await harness.queues.render.getJob(unseen))?.attemptsStarted ?? 0) >= 3, {
      timeout: 45_000,
    });
    expect((await harness.queues.render.getJob(unseen))?.attemptsMade).toBe(0);
    expect(await harness.queues.submit.getJob(`${unseen}.s1`)).toBeUndefined();
    await until(async () => ((await harness.queues.submit.getJob(`${early}.s1`))?.attemptsStarted ?? 0) >= 3);
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(0);
    expect((await harness.queues.submit.getJob(`${early}.s1`))?.attemptsMade).toBe(0);
    await proxy.resume();
    for (const id of [early, unseen]) {
      await until(async () => (await harness.queues.render.getJobState(id)) === 'completed', {
        timeout: 45_000,
      });
      expect(harness.countPurchases(id).charged).toBe(1);
    }

    // Away when the image is to be put: the paid image waits at the provider.
    const outage = proxy.fail({ method: 'PUT', path: /images\// }, { status: 503 });
    const late = await harness.enqueue();
    await until(async () => ((await harness.queues.store.getJob(`${late}.t1`))?.attemptsStarted ?? 0) >= 3);
    expect((await harness.queues.store.getJob(`${late}.t1`))?.attemptsMade).toBe(0);
    outage.remove();
    await until(async () => (await (await harness.queues.render.getJob(late))?.getState()) === 'completed', {
      timeout: 45_000,
    });
    expect(harness.countPurchases(late).charged).toBe(1);
  });

  test.for([503, 400, 403])(
    'a task id that cannot be written to the ledger (%i) is kept in the job and written later',
    async (status) => {
      const { store, proxy } = await storeBehindProxy();
      const harness = await openHarness();
      await harness.startWorker({ store });
      const outage = proxy.fail({ method: 'PUT', path: /accepted\.json/ }, { status });
      const id = await harness.enqueue();
      await until(async () => Boolean((await harness.queues.submit.getJob(`${id}.s1`))?.data.accepted), {
        timeout: 45_000,
      });
      outage.remove();
      await until(async () => (await (await harness.queues.render.getJob(id))?.getState()) === 'completed', {
        timeout: 45_000,
      });
      expect(harness.countPurchases(id).charged).toBe(1);
      expect(harness.simulator.requests.counts().categories.submit.received).toBe(1);
    },
  );
});

requires('redis', 's3').test('a worker that starts while S3 is away waits for it', async () => {
  const { store, proxy } = await storeBehindProxy();
  const [waiting, go] = [latch(), latch()];
  const sleep: Clock['sleep'] = (ms, signal) => {
    if (go.opened) return lowJitterClock.sleep(ms, signal);
    waiting.open();
    return go.wait();
  };
  const harness = await openHarness({ clock: { ...lowJitterClock, sleep } });
  await proxy.refuse();
  const starting = harness.startWorker({ store });
  const id = await harness.enqueue();
  await waiting.wait();
  expect(await (await harness.queues.render.getJob(id))?.getState()).toBe('prioritized');
  await proxy.resume();
  go.open();
  await starting;
  await until(async () => (await (await harness.queues.render.getJob(id))?.getState()) === 'completed');
});
