import type { Queues, RedriveJob } from '../queues/index.ts';
import { DATA_VERSION } from '../render/index.ts';
import type { RedriveRecord } from './records.ts';
import type { RedriveStore } from './redrive-store.ts';

export const planId = (key: string) => `rdp_${key}`;
export const redriveId = (key: string) => `rdv_${key}`;
/** The key in the id of a plan or of a redrive. */
export const keyOfId = (id: string) => id.slice('rdp_'.length);

/** Adds the job of a redrive. A job that exists stays. */
export async function addRedriveJob(queues: Queues, { key, total }: RedriveRecord): Promise<void> {
  const data: RedriveJob = {
    version: DATA_VERSION,
    key,
    total,
    part: 0,
    marks: '',
    counts: [],
    nextCheck: 0,
  };
  await queues.redrive.add('redrive', data, { jobId: redriveId(key), attempts: 1 });
}

/** Wakes a redrive that waits, so that it reads its control record now. */
export async function wakeRedrive(queues: Queues, key: string): Promise<void> {
  const job = await queues.redrive.getJob(redriveId(key));
  // A delay that ends by itself in between is no error.
  if (job && (await job.isDelayed())) await job.promote().catch(() => undefined);
}

/** Redrives that are read after the queue has lost its jobs. */
const MAX_RESUMED = 500;

/**
 * Adds the jobs of redrives that have not ended, in case the queue has lost them.
 *
 * @returns how many have not ended.
 */
export async function resumeRedrives(queues: Queues, store: RedriveStore): Promise<number> {
  let open = 0;
  for (const { key } of await store.list({ limit: MAX_RESUMED })) {
    const record = await store.readRecord(key);
    if (!record || (await store.readEnd(key))) continue;
    open += 1;
    await addRedriveJob(queues, record);
  }
  return open;
}
