import type { Queues } from '@darkroom/shared/queues';
import type { Job } from 'bullmq';
import { maxWebhookDelay } from '../decide/index.ts';
import { type Infra, isEngineError } from '../stage/index.ts';

const PAGE = 100;
const MAX_PAGES = 50;
/** The clocks of two workers may differ by this much. */
const TOLERANCE_MS = 300_000;
/** Sweeps, a minute apart: longer than any step of a render waits. */
const MAX_SWEEPS = 15;

/** How often sweeps of this process have seen the same wait of a job. */
export type SeenWaits = Map<string, number>;

interface Wait {
  /** Different for each wait of a job. */
  key: string;
  isTooLong: boolean;
}

/**
 * Ends waits that are longer than any step asks for: their jobs were delayed while a clock was ahead. BullMQ does not say
 * until when a job is delayed, so the job's data shows that its clock was ahead, or else the sweeps count. The jobs that
 * wait longest come first. A job that runs too early only polls, or tries, once more.
 *
 * @returns how many waits it ended.
 */
export async function sweepDelays(
  { queues, clock, log }: Pick<Infra, 'clock' | 'log'> & { queues: Queues },
  seen: SeenWaits,
): Promise<number> {
  const now = clock.now();
  const stillThere = new Set<string>();
  const count = (key: string) => {
    stillThere.add(key);
    const sweeps = (seen.get(key) ?? 0) + 1;
    seen.set(key, sweeps);
    return sweeps > MAX_SWEEPS;
  };
  let ended = 0;
  ended += await endWaits(queues.render, ({ data, id, attemptsMade }) => ({
    key: `render ${id} ${attemptsMade} ${data.updatedAt}`,
    isTooLong: data.updatedAt > now + TOLERANCE_MS,
  }));
  for (const queue of [queues.submit, queues.store]) {
    ended += await endWaits(queue as Queues['submit'], ({ id, attemptsMade, processedOn }) => ({
      key: `${queue.name} ${id} ${attemptsMade} ${processedOn}`,
      isTooLong: processedOn !== undefined && processedOn > now + TOLERANCE_MS,
    }));
  }
  ended += await endWaits(queues.webhook, ({ data: { nextAttemptAt }, attemptsMade }) => ({
    // A webhook waits for hours between two tries: its waits are not counted.
    key: '',
    isTooLong:
      nextAttemptAt !== undefined && nextAttemptAt - now > maxWebhookDelay(attemptsMade) + TOLERANCE_MS,
  }));
  for (const key of seen.keys()) if (!stillThere.has(key)) seen.delete(key);
  if (ended > 0) log.warn({ jobs: ended }, 'jobs woken: they were delayed while a clock was ahead');
  return ended;

  async function endWaits<D>(
    queue: { getJobs(types: 'delayed'[], from: number, to: number, ascending: boolean): Promise<Job<D>[]> },
    describeWait: (job: Job<D>) => Wait,
  ): Promise<number> {
    let woken = 0;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const jobs = await queue.getJobs(['delayed'], 0, PAGE - 1, false);
      let wokenHere = 0;
      for (const job of jobs) {
        if (!job) continue;
        const { key, isTooLong } = describeWait(job);
        if (!isTooLong && !(key && page === 0 && count(key))) continue;
        if (await promote(job)) wokenHere += 1;
      }
      woken += wokenHere;
      if (wokenHere < PAGE) break;
    }
    return woken;
  }
}

async function promote(job: Pick<Job, 'promote'>): Promise<boolean> {
  try {
    await job.promote();
    return true;
  } catch (error) {
    if (isEngineError(error)) throw error;
    // Its delay has just ended.
    return false;
  }
}
