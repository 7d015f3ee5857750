import { renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type Receipt,
  receiptKey,
  resultKey,
  sha256,
  thumbnailKey,
} from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test, vi } from 'vitest';
import { type Harness, newCheckpoint, openHarness } from '../support/harness.ts';

vi.setConfig({ testTimeout: 60_000 });

const HOUR_MS = 3600_000;

/** A render whose image is stored, as a worker left it that stopped before the render learned of it. */
async function storeAndForget(
  harness: Harness,
  expiresAt: number,
): Promise<{ checkpoint: Checkpoint; receipt: Receipt; enqueueAgain: () => Promise<void> }> {
  const worker = await harness.startWorker();
  const id = await harness.enqueue();
  const receipt = await harness.waitForReceipt(id);
  const done = await harness.readCheckpoint(id);
  await worker.close();
  await harness.queues.render.remove(id);
  await harness.queues.store.remove(`${id}.t1`);
  await harness.store.delete(thumbnailKey(id));
  await harness.store.delete(receiptKey(id));
  const taskId = receipt.purchases[0]?.taskId ?? '';
  const checkpoint: Checkpoint = { ...done, at: { step: 'store', taskId, expiresAt } };
  const enqueueAgain = async () => {
    const { name, data, opts } = renderJob(checkpoint);
    await harness.queues.render.add(name, data, opts);
  };
  return { checkpoint, receipt, enqueueAgain };
}

requires('redis').describe('an image that is already in the store', () => {
  test('an image whose store child is gone and whose URL has expired is not bought again', async () => {
    const harness = await openHarness();
    const { receipt, enqueueAgain } = await storeAndForget(harness, Date.now() - HOUR_MS);
    const state = harness.simulator.faults.add({ kind: 'expired', times: 1 });
    await harness.startWorker();
    await enqueueAgain();
    const again = await harness.waitForReceipt(receipt.renderId);
    expect(again).toMatchObject({ status: 'completed', attempts: 1, image: receipt.image });
    expect(state.fired).toBe(1);
    expect(harness.countPurchases(receipt.renderId).charged).toBe(1);
    const thumbnail = await sharp(await harness.store.get(thumbnailKey(receipt.renderId))).metadata();
    expect(thumbnail.format).toBe('webp');
  });

  test('a result that has expired by our clock is not bought again while the file host still has it', async () => {
    const harness = await openHarness();
    const { receipt, enqueueAgain } = await storeAndForget(harness, Date.now() - HOUR_MS);
    await harness.store.delete(receipt.image?.key ?? '');
    await harness.startWorker();
    await enqueueAgain();
    const again = await harness.waitForReceipt(receipt.renderId);
    expect(again).toMatchObject({ status: 'completed', attempts: 1, image: receipt.image });
    expect(harness.countPurchases(receipt.renderId).charged).toBe(1);
  });

  test('an image that the file host has lost is not bought again when it is stored', async () => {
    const harness = await openHarness();
    const { receipt, enqueueAgain } = await storeAndForget(harness, Date.now() + HOUR_MS);
    harness.simulator.faults.add({ kind: 'expired', times: 5 });
    await harness.startWorker();
    await enqueueAgain();
    const again = await harness.waitForReceipt(receipt.renderId);
    expect(again).toMatchObject({ status: 'completed', attempts: 1, image: receipt.image });
    expect(harness.countPurchases(receipt.renderId).charged).toBe(1);
  });

  test('a render whose result is missing in the ledger asks the provider for its URL', async () => {
    const harness = await openHarness();
    const { receipt, enqueueAgain } = await storeAndForget(harness, Date.now() + HOUR_MS);
    await harness.store.delete(resultKey(receipt.renderId, 1));
    await harness.startWorker();
    await enqueueAgain();
    const again = await harness.waitForReceipt(receipt.renderId);
    expect(again).toMatchObject({ status: 'completed', attempts: 1, image: receipt.image });
  });

  test('a poll that finds a result expired uses the stored image', async () => {
    const harness = await openHarness({ simulator: { resultTtlMs: 1 } });
    await harness.queues.store.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.queues.store.getJob(`${id}.t1`)) !== undefined);
    const job = await harness.queues.store.getJob(`${id}.t1`);
    expect(job?.data.expiresAt).toBeLessThan(Date.now());
    const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal' } })
      .webp()
      .toBuffer();
    await putImage(harness, `images/${id}.webp`, bytes, { id, taskId: job?.data.taskId ?? '' });
    await harness.queues.store.resume();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      status: 'completed',
      attempts: 1,
      image: { key: `images/${id}.webp`, bytes: bytes.length, width: 64, contentType: 'image/webp' },
    });
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test.for(['of another task', 'of another render', 'damaged', 'of another digest'] as const)(
    'an object %s is not taken for the image, which is bought again',
    async (flaw) => {
      const harness = await openHarness();
      const { receipt, enqueueAgain } = await storeAndForget(harness, Date.now() - HOUR_MS);
      const { renderId, image } = receipt;
      const bytes = (await harness.store.get(image?.key ?? '')) ?? new Uint8Array();
      await putImage(harness, image?.key ?? '', flaw === 'damaged' ? bytes.subarray(0, -500) : bytes, {
        id: flaw === 'of another render' ? newCheckpoint({}, 0).renderId : renderId,
        taskId: flaw === 'of another task' ? 'task_other' : (receipt.purchases[0]?.taskId ?? ''),
        ...(flaw === 'of another digest' ? { digest: 'f'.repeat(64) } : {}),
      });
      harness.simulator.faults.add({ kind: 'expired', times: 1 });
      await harness.startWorker();
      await enqueueAgain();
      expect(await harness.waitForReceipt(renderId)).toMatchObject({ status: 'completed', attempts: 2 });
      expect(harness.countPurchases(renderId).charged).toBe(2);
    },
  );
});

async function putImage(
  { store }: Harness,
  key: string,
  bytes: Uint8Array,
  { id, taskId, digest }: { id: string; taskId: string; digest?: string },
): Promise<void> {
  const metadata = { sha256: digest ?? sha256(bytes), 'render-id': id, 'task-id': taskId };
  await store.put(key, bytes, { contentType: 'image/webp', metadata });
}
