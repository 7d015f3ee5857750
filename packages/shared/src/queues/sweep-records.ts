import type { Queues } from './queues.ts';

/** What a sweep repairs. */
export const REPAIRS = [
  /** The dead letter of a render that BullMQ failed was missing. */
  'dead_letter_written',
  /** A render waited although it has a cancel marker. */
  'cancel_woken',
  /** A job was delayed while a clock was ahead. */
  'delay_ended',
  /** An unknown purchase was held after its grace time had ended. */
  'hold_ended',
  /** An accepted render had neither a job nor a receipt. */
  'render_added',
  /** The receipt of a render that has ended was missing. */
  'receipt_written',
] as const;
export type Repair = (typeof REPAIRS)[number];

/** How many repairs of each kind. A kind without a repair is absent. */
export type Repairs = Partial<Record<Repair, number>>;

/** The return value of a job `sweep`. */
export interface SweepReport {
  repairs: Repairs;
}

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
