import { LANE, type Queues } from '@darkroom/shared/queues';
import { submitJobId } from '@darkroom/shared/render';
import type { Queue } from 'bullmq';

/** A render that waits for the submission of its attempt number `attempt`. */
export interface WaitingRender {
  renderId: string;
  attempt: number;
  priority: keyof typeof LANE;
}

/** Of so many jobs, the ids are read, and the position is exact. In a longer lane, it is searched by time first. */
const WINDOW = 1_000;

/**
 * The position of a render among all that wait for their submission, from 1. Costs about a dozen reads in a queue of a
 * thousand jobs, and two more each time that the queue doubles.
 *
 * Approximate: other renders move while this reads, and an interactive render that is created later comes before a
 * batch render. A submission that waits for another try comes last, because BullMQ puts it at the end of its lane.
 * Throws what the engine throws.
 */
export async function findQueuePosition(queues: Queues, waiting: WaitingRender): Promise<number> {
  const { renderId, attempt, priority } = waiting;
  const childId = submitJobId(renderId, attempt);
  switch (await queues.submit.getJobState(childId)) {
    case 'prioritized':
      return 1 + (await countBefore(queues.submit, childId, priority));
    case 'delayed':
      return 1 + (await countUpTo(queues.submit, priority));
    case 'unknown': {
      // No worker has picked the render up.
      const submissions = await countUpTo(queues.submit, priority);
      const state = await queues.render.getJobState(renderId);
      return (
        1 + submissions + (state === 'prioritized' ? await countBefore(queues.render, renderId, priority) : 0)
      );
    }
    default:
      return 1;
  }
}

/** How many prioritized jobs the lane of `priority` and the lanes before it have. */
async function countUpTo(queue: Queue, priority: keyof typeof LANE): Promise<number> {
  const lanes = Object.values(LANE).filter((lane) => lane <= LANE[priority]);
  const counts = await queue.getCountsPerPriority(lanes);
  return lanes.reduce((sum, lane) => sum + (counts[lane] ?? 0), 0);
}

/** How many prioritized jobs run before this one. A lane is in the order in which its jobs were added. */
async function countBefore(queue: Queue, id: string, priority: keyof typeof LANE): Promise<number> {
  const end = await countUpTo(queue, priority);
  const start = priority === 'batch' ? await countUpTo(queue, 'interactive') : 0;
  const guess = end - start > WINDOW ? await searchByTime(queue, id, start, end) : start;
  const from = Math.max(start, guess - WINDOW / 2);
  const ids = await queue.getRanges(['prioritized'], from, from + WINDOW - 1, true);
  const found = ids.indexOf(id);
  return found === -1 ? guess : from + found;
}

/** The index of the first job in `[start, end)` that was added at the time of this job or later. */
async function searchByTime(queue: Queue, id: string, start: number, end: number): Promise<number> {
  const addedAt = (await queue.getJob(id))?.timestamp ?? 0;
  let [low, high] = [start, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [probe] = await queue.getRanges(['prioritized'], middle, middle, true);
    const job = probe === undefined ? undefined : await queue.getJob(probe);
    // A job that has left the queue: the lane has become shorter.
    if (job && job.timestamp < addedAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
