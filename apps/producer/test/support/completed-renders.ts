import { until } from '@darkroom/testkit';
import { putJob } from './contract/contract-fixture.ts';
import type { Harness } from './harness.ts';

const IMAGE = {
  key: 'images/x.jpg',
  sha256: 'ab'.repeat(32),
  bytes: 9,
  width: 4,
  height: 3,
  contentType: 'image/jpeg',
  thumbnailKey: 'thumbnails/x.webp',
};

/** Puts as many completed renders into the queue as an ETA needs. Each took `tookMs` from its acceptance to its end. */
export async function putCompleted(harness: Harness, { tookMs }: { tookMs: number }): Promise<void> {
  const count = 20;
  const worker = harness.engine.worker('render', async (job) => {
    const purchase = { provider: 'toapis', attempt: 1, taskId: 'task_1', costMicros: 30_000 } as const;
    const purchases = [{ ...purchase, outcome: 'accepted', acceptedAt: Date.now() - tookMs }];
    await job.updateData({ ...(job.data as object), purchases, at: { step: 'finish', image: IMAGE } });
    return { status: 'completed', image: IMAGE, costMicros: 30_000 };
  });
  await Promise.all(Array.from({ length: count }, () => putJob(harness)));
  await until(async () => (await harness.queues.render.getCompletedCount()) === count);
  await worker.close();
}
