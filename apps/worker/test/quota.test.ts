import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness } from './support/harness.ts';

requires('redis').describe('the quota', () => {
  test('two workers together stay inside the submission quota and never meet a 429', async () => {
    const harness = await openHarness({
      settings: { TOAPIS_SUBMIT_PER_SECOND: 5 },
      simulator: { quota: { submitPerSecond: 5, submitBurst: 50, queryPerSecond: 50, queryBurst: 500 } },
    });
    await harness.startWorker();
    await harness.startWorker();
    const ids = await Promise.all(Array.from({ length: 25 }, () => harness.enqueue()));
    for (const id of ids) expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.simulator.requests.counts().categories.submit.quotaRefused).toBe(0);
    // Five windows of five: the first and the last are four seconds apart. What begins apart may arrive together.
    const begun = await Promise.all(ids.map((id) => harness.queues.submit.getJob(`${id}.s1`)));
    const times = begun.map((job) => job?.processedOn ?? 0);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3_900);
  });

  test('while the poll quota is blocked no worker polls, and no render fails for it', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'query_429', retryAfterSeconds: 1 });
    await harness.startWorker();
    const ids = [await harness.enqueue(), await harness.enqueue(), await harness.enqueue()];
    for (const id of ids) expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(ids.map((id) => harness.countPurchases(id).charged)).toEqual([1, 1, 1]);
  });
});
