import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { sumCost } from '@darkroom/shared/render';
import { cleanup, requires, service, startHttpProxy, tempDir, uniqueS3Url, until } from '@darkroom/testkit';
import type { FaultRule, Simulator } from '@darkroom/upstream-simulator';
import { expect, test, vi } from 'vitest';
import { lowJitterClock, openHarness } from './support/harness.ts';
import { spawnWorker } from './support/spawn-worker.ts';
import { findWebhooks } from './support/webhook-harness.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

/** Kills the worker as soon as the provider has seen a request of the category. */
async function killAt(category: 'submit' | 'query' | 'download', fault: FaultRule) {
  const harness = await openHarness();
  harness.simulator.faults.add(fault);
  const victim = spawnWorker(harness);
  const id = await harness.enqueue();
  await seen(harness.simulator, category);
  await victim.kill('SIGKILL');
  harness.simulator.faults.clear();
  spawnWorker(harness);
  return { harness, id };
}

const seen = (simulator: Simulator, category: 'submit' | 'query' | 'download') =>
  simulator.requests.until((counts) => counts.categories[category].received >= 1);

requires('redis').describe('a worker killed with SIGKILL', () => {
  test('a worker killed between its POST and the answer buys nothing twice: the outcome is unknown and waits for an operator', async () => {
    const { harness, id } = await killAt('submit', { kind: 'accept_then_hang' });
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.failure).toMatchObject({ code: 'submission_unknown', step: 'hold' });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(1);
    expect((await harness.queues.deadLetter.getJob(id))?.data.failure.code).toBe('submission_unknown');
  });

  test('a worker killed during a poll is followed by another that polls, and costs no attempt', async () => {
    const { harness, id } = await killAt('query', { kind: 'query_hang' });
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect((await harness.queues.render.getJob(id))?.attemptsMade).toBe(1);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a worker killed during a download is followed by another that stores the image of the same purchase', async () => {
    const { harness, id } = await killAt('download', { kind: 'download_hang' });
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.status).toBe('completed');
    expect((await harness.store.head(receipt.image?.key ?? ''))?.size).toBe(receipt.image?.bytes);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a worker killed during a poll does not keep a render from being canceled', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'query_hang' });
    const victim = spawnWorker(harness);
    const id = await harness.enqueue();
    await seen(harness.simulator, 'query');
    await victim.kill('SIGKILL');
    // The dead worker's lock has not run out.
    expect(await harness.cancel(id)).toBe('busy');
    spawnWorker(harness);
    expect(await harness.waitForReceipt(id)).toMatchObject({
      status: 'canceled',
      cost: { possiblySpentMicros: 25_000 },
    });
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
    expect(harness.simulator.requests.counts().categories.query.received).toBe(1);
  });

  test('five workers killed one after the other do not fail a render', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    harness.simulator.faults.add({ kind: 'query_hang', rate: 1 });
    for (let kill = 1; kill <= 5; kill += 1) {
      const victim = spawnWorker(harness);
      await harness.simulator.requests.until((counts) => counts.categories.query.received >= kill);
      await victim.kill('SIGKILL');
    }
    harness.simulator.faults.clear();
    spawnWorker(harness);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });
});

requires('redis', 's3').describe('a worker killed while it ends a canceled render', () => {
  test.for([
    ['before the receipt is written', /renders\//],
    ['after the receipt and before the webhook', /inputs\//],
  ] as const)('a worker killed %s is followed by another that ends the render once', async ([, path]) => {
    const { bucket: _, ...access } = service('s3');
    const proxy = await startHttpProxy(access.endpoint);
    const storeUrl = uniqueS3Url();
    const s3 = { ...access, endpoint: proxy.url };
    const store = await openStore({ storeUrl, dataDir: await tempDir(), s3, clock: lowJitterClock });
    cleanup(() => store.close());
    const harness = await openHarness();
    const env = {
      STORE_URL: storeUrl,
      S3_ENDPOINT: proxy.url,
      AWS_REGION: access.region,
      AWS_ACCESS_KEY_ID: access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
      WEBHOOK_URLS: 'https://hooks.example.invalid/in',
    };
    const hang = proxy.fail({ method: 'PUT', path }, 'hang');
    const id = await harness.enqueue();
    await harness.putCancelMarker(id);
    const victim = spawnWorker(harness, env);
    await until(() => hang.hits > 0, { timeout: 60_000 });
    await victim.kill('SIGKILL');
    hang.remove();
    expect((await harness.readCheckpoint(id)).at.step).toBe('cancel');
    spawnWorker(harness, env);
    await until(async () => (await harness.queues.render.getJobState(id)) === 'completed', {
      timeout: 60_000,
    });
    const receipt = await new Ledger(store, lowJitterClock).readReceipt(id);
    expect(receipt).toMatchObject({ status: 'canceled', cost: sumCost([]), canceled: { from: 'submit' } });
    expect(receipt?.notes?.filter(({ text }) => text.startsWith('canceled'))).toHaveLength(1);
    expect(await findWebhooks(harness, id)).toHaveLength(1);
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
    expect(harness.countPurchases(id).charged).toBe(0);
  });
});
