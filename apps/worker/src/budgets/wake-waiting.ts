import type { Queues } from '@darkroom/shared/queues';
import pMap from 'p-map';

const PAGE = 500;
const PARALLEL = 16;
/** A released purchase leaves room for about one other. */
const SOME = 20;

/** Runs submissions now that wait for a budget. Each of them reserves again, so too many are no harm. */
export async function wakeWaiting(queues: Queues, count: 'all' | 'some'): Promise<void> {
  let left = count === 'all' ? Number.POSITIVE_INFINITY : SOME;
  for (let from = 0; left > 0; ) {
    const jobs = await queues.submit.getDelayed(from, from + PAGE - 1);
    const waiting = jobs.filter((job) => job?.data.budget !== undefined).slice(0, left);
    await pMap(waiting, (job) => job.promote().catch(() => undefined), { concurrency: PARALLEL });
    left -= waiting.length;
    if (jobs.length < PAGE) return;
    // Promoted jobs have left the list.
    from += jobs.length - waiting.length;
  }
}
