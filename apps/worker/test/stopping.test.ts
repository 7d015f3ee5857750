import { requires, service, startProxy, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { openHarness } from './support/harness.ts';

// Some live through an outage, with thirty renders.
vi.setConfig({ testTimeout: 120_000 });

requires('redis').describe('a worker that stops, dies, or loses Redis', () => {
  test('a worker that stops lets its running submission finish', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'slow', ms: 3_000 });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    await harness.simulator.requests.until((counts) => counts.categories.submit.received === 1);
    await worker.close();
    expect(await harness.ledger.attemptState(id, 1)).toMatchObject({ kind: 'accepted' });
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(1);
  });

  test('a worker that stops hands polls back, and the next worker goes on', async () => {
    const harness = await openHarness({ settings: { LOCK_DURATION_MS: 30_000 } });
    harness.simulator.faults.add({ kind: 'query_hang' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    await harness.simulator.requests.until((counts) => counts.categories.query.received === 1);
    await worker.close();
    expect(await (await harness.queues.render.getJob(id))?.getState()).toBe('delayed');
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a download that outlasts the shutdown is handed back without an attempt', async () => {
    const harness = await openHarness({ settings: { LOCK_DURATION_MS: 30_000, SHUTDOWN_TIMEOUT_MS: 200 } });
    harness.simulator.faults.add({ kind: 'download_hang' });
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    await harness.simulator.requests.until((counts) => counts.categories.download.received === 1);
    await worker.close();
    const child = await harness.queues.store.getJob(`${id}.t1`);
    expect(await child?.getState()).toBe('delayed');
    expect(child?.attemptsMade).toBe(0);
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a purchase whose intent has no acceptance is never posted, whichever worker left it', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 100 } });
    const id = await harness.enqueue();
    const { request } = await harness.readCheckpoint(id);
    await harness.ledger.claim(
      { renderId: id, attempt: 1, claim: 1 },
      {
        owner: 'a worker that is gone',
        provider: 'toapis',
        claimedBy: 'elsewhere',
        request,
      },
    );
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).failure?.code).toBe('submission_unknown');
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(0);
  });

  test('an acceptance that a dead worker wrote is used, and nothing is bought again', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    const answer = await fetch(`${harness.simulator.url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${harness.simulator.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gemini-3-pro-image-preview',
        prompt: 'a mug',
        n: 1,
        client_business_id: id,
      }),
    });
    const { id: taskId } = (await answer.json()) as { id: string };
    await harness.ledger.writeAcceptance(id, 1, {
      taskId,
      acceptedAt: Date.now(),
      costMicros: 25_000,
      provider: 'toapis',
      source: 'answer',
    });
    await harness.startWorker();
    expect((await harness.waitForReceipt(id)).purchases).toMatchObject([{ taskId }]);
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('after Redis was away for longer than the locks live every render goes on, and nothing is bought twice', async () => {
    const direct = new URL(service('redis').url);
    const proxy = await startProxy(`redis://${direct.host}`);
    const through = new URL(direct);
    through.port = String(proxy.port);
    through.hostname = '127.0.0.1';
    const harness = await openHarness({
      settings: { QUEUE_URL: through.href, LOCK_DURATION_MS: 1000 },
      simulator: { latency: { minMs: 300, p50Ms: 600, p95Ms: 900, maxMs: 1000 } },
    });
    await harness.startWorker();
    const ids = await Promise.all(Array.from({ length: 30 }, () => harness.enqueue()));
    await until(() => harness.simulator.book.totals().tasks >= 10);
    await proxy.refuse();
    proxy.cut();
    // Longer than the locks: another run may start beside the first, and must do no harm.
    const before = Date.now();
    await until(() => Date.now() - before > 2500);
    await proxy.resume();
    for (const id of ids) {
      await until(async () => (await (await harness.queues.render.getJob(id))?.getState()) === 'completed', {
        timeout: 60_000,
      });
      expect(harness.countPurchases(id), id).toEqual({ charged: 1, refunded: 0 });
    }
  });
});
