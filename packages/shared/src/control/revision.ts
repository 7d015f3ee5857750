import type { Job } from 'bullmq';
import type { Queues, StopJob } from '../queues/index.ts';
import { DATA_VERSION, randomHex } from '../render/index.ts';

const REVISION_ID = 'control-revision';

/** @returns `undefined` if the queue has none: nothing was ever changed, or the queue lost its data. */
export async function readRevision(queues: Pick<Queues, 'stop'>): Promise<string | undefined> {
  const job = await queues.stop.getJob(REVISION_ID);
  return job?.data.kind === 'revision' ? job.data.revision : undefined;
}

/** Makes every process read the store again, within a second. Throws the errors of the engine. */
export async function announceChange(queues: Pick<Queues, 'stop'>): Promise<void> {
  const data = { version: DATA_VERSION, kind: 'revision', revision: randomHex(8) } as const;
  const job = await queues.stop.getJob(REVISION_ID);
  // BullMQ's type would take the intersection of the kinds.
  if (job) await (job as Job<StopJob>).updateData(data);
  else await queues.stop.add('revision', data, { jobId: REVISION_ID });
}
