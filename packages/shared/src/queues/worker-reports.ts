import { upgradePersisted } from '../render/index.ts';
import type { Queues } from './queues.ts';
import type { WorkerRecord } from './worker-records.ts';

/** A worker that was not seen for this time has probably died, or has no connection. */
export const WORKER_LOST_AFTER_MS = 10_000;

/** Writes the record of a worker. Throws the errors of the engine. */
export async function writeWorkerRecord(queues: Pick<Queues, 'worker'>, record: WorkerRecord): Promise<void> {
  const job = await queues.worker.getJob(record.name);
  if (job) await job.updateData(record);
  else await queues.worker.add('worker', record, { jobId: record.name });
}

export async function removeWorkerRecord(queues: Pick<Queues, 'worker'>, name: string): Promise<void> {
  await queues.worker.remove(name);
}

/** All workers that were seen and did not stop in order, by name. Throws the errors of the engine. */
export async function listWorkerRecords(queues: Pick<Queues, 'worker'>): Promise<WorkerRecord[]> {
  const jobs = await queues.worker.getWaiting();
  return jobs
    .flatMap((job) => (job ? [upgradePersisted('worker', job.data) as WorkerRecord] : []))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
