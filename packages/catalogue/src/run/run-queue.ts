import type { CatalogueJob, Queues } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { RunId } from './records.ts';
import { runJobId } from './run-keys.ts';
import type { CatalogueRunStore } from './run-store.ts';

type CatalogueQueue = Pick<Queues, 'catalogue'>;

/** Adds the job of a run. A job that exists stays. */
export async function addRunJob(
  { catalogue: queue }: CatalogueQueue,
  { tenant, catalogue, run }: RunId,
): Promise<void> {
  const data: CatalogueJob = { version: DATA_VERSION, tenant, catalogue, run, phase: 'plan' };
  await queue.add('catalogue', data, { jobId: runJobId(data), attempts: 1 });
}

/** Wakes a run that waits, so that it reads its control record now. */
export async function wakeRun({ catalogue: queue }: CatalogueQueue, id: RunId): Promise<void> {
  const job = await queue.getJob(runJobId(id));
  // A delay that ends by itself in between is no error.
  if (job && (await job.isDelayed())) await job.promote().catch(() => undefined);
}

/**
 * Adds the jobs of runs that have not ended, in case the queue has lost them, or the caller died before it added one. A job
 * that BullMQ failed, because its workers died too often, runs again.
 *
 * @returns how many were added or run again
 */
export async function resumeRuns(
  queues: CatalogueQueue,
  store: CatalogueRunStore,
  signal?: AbortSignal,
): Promise<number> {
  let resumed = 0;
  for await (const id of store.listOpen(undefined, { signal })) {
    const job = await queues.catalogue.getJob(runJobId(id));
    if (job?.failedReason) await job.retry('failed').catch(() => undefined);
    if (job && !job.failedReason) continue;
    // Without a request, the caller died before anything was accepted.
    if (!job && !(await store.readRequest(id, { signal }))) continue;
    if (!job) await addRunJob(queues, id);
    resumed += 1;
  }
  return resumed;
}
