import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { cleanup, requires, service, startHttpProxy, tempDir, uniqueS3Url, until } from '@darkroom/testkit';
import type { FaultRule, Simulator } from '@darkroom/upstream-simulator';
import { expect, test, vi } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { hasty, openRig } from './rig.ts';
import { spawnWorker } from './spawn-worker.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

/** Kills the worker as soon as the provider has seen a request of the category. */
async function killAt(category: 'submit' | 'query' | 'download', fault: FaultRule) {
  const rig = await openRig();
  rig.simulator.faults.add(fault);
  const victim = spawnWorker(rig);
  const id = await rig.render();
  await seen(rig.simulator, category);
  await victim.kill('SIGKILL');
  rig.simulator.faults.clear();
  spawnWorker(rig);
  return { rig, id };
}

const seen = (simulator: Simulator, category: 'submit' | 'query' | 'download') =>
  simulator.requests.until((counts) => counts.categories[category].received >= 1);

requires('redis').describe('a worker killed with SIGKILL', () => {
  test('between its POST and the answer buys nothing twice: the outcome is unknown and waits for a person', async () => {
    const { rig, id } = await killAt('submit', { kind: 'accept_then_hang' });
    const receipt = await rig.ended(id);
    expect(receipt.failure).toMatchObject({ code: 'submission_unknown', step: 'hold' });
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);
    expect((await rig.queues.deadLetter.getJob(id))?.data.failure.code).toBe('submission_unknown');
  });

  test('while it looks is followed by another that polls, and costs no attempt', async () => {
    const { rig, id } = await killAt('query', { kind: 'query_hang' });
    expect((await rig.ended(id)).status).toBe('completed');
    expect((await rig.queues.render.getJob(id))?.attemptsMade).toBe(1);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('while it downloads is followed by another that stores the image of the same purchase', async () => {
    const { rig, id } = await killAt('download', { kind: 'download_hang' });
    const receipt = await rig.ended(id);
    expect(receipt.status).toBe('completed');
    expect((await rig.store.head(receipt.image?.key ?? ''))?.size).toBe(receipt.image?.bytes);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('while it looks does not keep a render from being canceled', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'query_hang' });
    const victim = spawnWorker(rig);
    const id = await rig.render();
    await seen(rig.simulator, 'query');
    await victim.kill('SIGKILL');
    // The dead worker's lock still stands.
    expect(await rig.cancel(id)).toBe('busy');
    spawnWorker(rig);
    expect(await rig.ended(id)).toMatchObject({ state: 'canceled', costMicros: 25_000 });
    expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
    expect(rig.simulator.requests.counts().categories.query.received).toBe(1);
  });

  test('again and again, five times, does not fail a render', async () => {
    const rig = await openRig();
    const id = await rig.render();
    rig.simulator.faults.add({ kind: 'query_hang', rate: 1 });
    for (let kill = 1; kill <= 5; kill += 1) {
      const victim = spawnWorker(rig);
      await rig.simulator.requests.until((counts) => counts.categories.query.received >= kill);
      await victim.kill('SIGKILL');
    }
    rig.simulator.faults.clear();
    spawnWorker(rig);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });
});

requires('redis', 's3').describe('a worker killed while it ends a canceled render', () => {
  test.for([
    ['before the receipt is written', /renders\//],
    ['after the receipt and before the webhook', /inputs\//],
  ] as const)('%s: another ends it, once', async ([, path]) => {
    const { bucket: _, ...access } = service('s3');
    const proxy = await startHttpProxy(access.endpoint);
    const storeUrl = uniqueS3Url();
    const s3 = { ...access, endpoint: proxy.url };
    const store = await openStore({ storeUrl, dataDir: await tempDir(), s3, clock: hasty });
    cleanup(() => store.close());
    const rig = await openRig();
    const env = {
      STORE_URL: storeUrl,
      S3_ENDPOINT: proxy.url,
      AWS_REGION: access.region,
      AWS_ACCESS_KEY_ID: access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
      WEBHOOK_URLS: 'https://hooks.example.invalid/in',
    };
    const hang = proxy.fail({ method: 'PUT', path }, 'hang');
    const id = await rig.render();
    await rig.mark(id);
    const victim = spawnWorker(rig, env);
    await until(() => hang.hits > 0, { timeout: 60_000 });
    await victim.kill('SIGKILL');
    hang.remove();
    expect((await rig.checkpoint(id)).at.step).toBe('cancel');
    spawnWorker(rig, env);
    await until(async () => (await rig.queues.render.getJobState(id)) === 'completed', { timeout: 60_000 });
    const receipt = await new Ledger(store, hasty).readReceipt(id);
    expect(receipt).toMatchObject({ state: 'canceled', costMicros: 0, canceled: { from: 'submit' } });
    expect(receipt?.notes?.filter(({ text }) => text.startsWith('canceled'))).toHaveLength(1);
    expect(await findDeliveries(rig.queues, id)).toHaveLength(1);
    expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
    expect(rig.bought(id).charged).toBe(0);
  });
});
