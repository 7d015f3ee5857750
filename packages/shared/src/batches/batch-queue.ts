import type { BatchJob, Queues } from '../queues/index.ts';
import { DATA_VERSION } from '../render/index.ts';
import type { BatchStore } from './batch-store.ts';
import type { BatchRef } from './records.ts';

type BatchQueue = Pick<Queues, 'batch'>;

/** The id of the job of a batch. Names of tenants have no dot. */
export const batchJobId = ({ tenant, id }: BatchRef) => `${tenant}.${id}`;

/** Adds the job of a batch. A job that exists stays. */
export async function addBatchJob({ batch: queue }: BatchQueue, { tenant, id }: BatchRef): Promise<void> {
  const data: BatchJob = { version: DATA_VERSION, tenant, batch: id, phase: 'validate' };
  await queue.add('batch', data, { jobId: batchJobId({ tenant, id }), attempts: 1 });
}

/** Wakes a batch that waits, so that it reads the cancel now. */
export async function wakeBatch({ batch: queue }: BatchQueue, batch: BatchRef): Promise<void> {
  const job = await queue.getJob(batchJobId(batch));
  // A delay that ends by itself in between is no error.
  if (job && (await job.isDelayed())) await job.promote().catch(() => undefined);
}

/**
 * Adds the jobs of batches that have not ended, in case the queue has lost them, or the caller died before it added one. A job
 * that BullMQ failed, because its workers died too often, runs again.
 *
 * @returns how many were added or run again
 */
export async function resumeBatches(
  queues: BatchQueue,
  store: BatchStore,
  signal?: AbortSignal,
): Promise<number> {
  let resumed = 0;
  for await (const batch of store.listOpen({ signal })) {
    const job = await queues.batch.getJob(batchJobId(batch));
    if (job?.failedReason) await job.retry('failed').catch(() => undefined);
    if (job && !job.failedReason) continue;
    // Without a record, the caller died before anything was accepted.
    if (!job && !(await store.read(batch, { signal }))) continue;
    if (!job) await addBatchJob(queues, batch);
    resumed += 1;
  }
  return resumed;
}
