import type { Queues } from './queues.ts';
import type { Repair, Repairs } from './sweep-records.ts';

/** The repairs of all sweeps that the queue still has, which are those of a day, and when the last one was (Unix ms). */
export async function readRepairs({
  maintenance,
}: Pick<Queues, 'maintenance'>): Promise<{ repairs: Repairs; lastAt: number | undefined }> {
  const repairs: Repairs = {};
  let lastAt: number | undefined;
  for (const job of await maintenance.getJobs(['completed'], 0, -1)) {
    const counts = Object.entries(job?.returnvalue?.repairs ?? {}) as [Repair, number][];
    if (counts.length === 0) continue;
    for (const [repair, count] of counts) repairs[repair] = (repairs[repair] ?? 0) + count;
    lastAt = Math.max(lastAt ?? 0, job.finishedOn ?? 0);
  }
  return { repairs, lastAt };
}
