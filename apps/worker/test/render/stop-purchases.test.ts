import { type CancelMarker, wakeRender } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';

/** Puts the marker that stops purchases, as a run of a catalogue does, and wakes the render. */
async function stopPurchases({ queues }: Harness, renderId: string): Promise<void> {
  const marker: CancelMarker = {
    version: DATA_VERSION,
    renderId,
    tenant: 'default',
    requestedAt: Date.now(),
    onlyPurchases: true,
  };
  await queues.cancel.add('cancel', marker, { jobId: renderId });
  await wakeRender(queues, renderId, marker);
}

requires('redis').describe('a render that may buy nothing more', () => {
  test('it is canceled for free before its purchase', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    await stopPurchases(harness, id);
    await harness.startWorker();
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'canceled', cost: { spentMicros: 0 } });
    expect(harness.countPurchases(id).charged).toBe(0);
  });

  test('it is stored after its purchase, and loses the marker', async () => {
    const harness = await openHarness({
      simulator: { latency: { minMs: 800, p50Ms: 1_000, p95Ms: 1_200, maxMs: 1_500 } },
    });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'poll');
    await stopPurchases(harness, id);
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'completed' });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    expect(await harness.queues.cancel.getJob(id)).toBeUndefined();
  });
});
