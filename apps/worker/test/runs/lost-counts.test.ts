import { runEndPrefix } from '@darkroom/shared/render';
import { RunStore } from '@darkroom/shared/runs';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { emptyQueue } from '../support/journal.ts';
import { addRenders, createNight, RUN, readCounts, sealNight, waitForRunEnd } from '../support/runs.ts';
import { spawnHangingWorker, spawnWorker } from '../support/spawn-worker.ts';
import { openWebhookHarness } from '../support/webhook-harness.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 300_000 });

const listEndKeys = async ({ store }: Harness) =>
  (await store.list({ prefix: runEndPrefix(RUN.tenant, RUN.id) })).objects.map(({ key }) => key);

const isReady = async ({ engine }: Harness) => (await engine.runTallies.read(RUN))?.isReady === true;

/** A sealed run with one render, and no worker. */
async function openRun() {
  const harness = await openHarness();
  await createNight(harness);
  const [id = ''] = await addRenders(harness, 1);
  await sealNight(harness);
  return { harness, id };
}

requires('redis').describe('the counts of a run', () => {
  test('are exact after a worker is killed between the end of a render and its receipt', async () => {
    const { harness, id } = await openRun();
    const victim = spawnHangingWorker(harness, 'receipt');
    await until(async () => (await listEndKeys(harness)).length === 1, { timeout: 120_000 });
    await victim.kill('SIGKILL');
    expect((await readCounts(harness))?.completed).toBe(0);
    spawnWorker(harness);
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 1, failed: 0, canceled: 0 });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('are exact after a worker is killed between the receipt of a render and its count', async () => {
    const { harness, id } = await openRun();
    const victim = spawnHangingWorker(harness, 'count');
    await until(async () => (await harness.ledger.readReceipt(id)) !== undefined, { timeout: 120_000 });
    await victim.kill('SIGKILL');
    expect((await readCounts(harness))?.completed).toBe(0);
    spawnWorker(harness);
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 1, failed: 0, canceled: 0 });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('are exact after the queue has lost everything, and the run finishes', async () => {
    const { harness, receiver } = await openWebhookHarness();
    const worker = await harness.startWorker();
    await createNight(harness);
    await addRenders(harness, 6);
    await until(async () => (await readCounts(harness))?.completed === 6);
    await worker.close();
    await addRenders(harness, 5);
    await sealNight(harness);
    await emptyQueue(harness);
    // The test looks at the counts before the restored renders run.
    await harness.queues.submit.pause();
    await harness.startWorker();
    await until(() => isReady(harness));
    expect(await harness.engine.runTallies.read(RUN)).toMatchObject({
      counts: { queued: 5, rendering: 0, storing: 0, completed: 6, failed: 0, canceled: 0 },
      spentMicros: 6 * 25_000,
      closed: 'sealed',
      remaining: 5,
    });
    await harness.queues.submit.resume();
    expect(await waitForRunEnd(harness)).toMatchObject({ completed: 11, failed: 0 });
    await until(() => receiver.runs.length === 1);
  });

  test('a run whose end was written by a worker that died then is completed by the sweep, once', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await createNight(harness);
    const runs = new RunStore(harness.store);
    const cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 };
    await harness.engine.runTallies.close(RUN, 'sealed');
    await runs.writeEnd(RUN, {
      end: 1,
      endedAt: Date.now(),
      completed: 0,
      failed: 0,
      canceled: 0,
      cost,
      renderEnds: 0,
    });
    await harness.startWorker();
    await waitForRunEnd(harness);
    await until(() => receiver.runs.length === 1);
    expect(await runs.findLastEnd(RUN)).toBe(1);
  });
});
