import type { Engine, JobTime } from '@darkroom/shared/engine';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import { maxWebhookDelay } from '@darkroom/shared/webhooks';
import type { Job } from 'bullmq';
import { MAX_OVER_BUDGET_MS } from '../decide/index.ts';
import { type Infra, isEngineError } from '../stage/index.ts';

const PAGE = 1_000;
/** The clocks of two workers may differ by this much. */
const TOLERANCE_MS = 300_000;
/** Longer than a submission waits for a budget. */
const MAX_BUDGET_WAIT_MS = MAX_OVER_BUDGET_MS + TOLERANCE_MS;
/** Longer than any step of a render waits, also by a clock that is ahead by the tolerance: Retry-After counts ten minutes. */
const MAX_WAIT_MS = 1_200_000;

/** What earlier sweeps of this process read of webhooks that wait for hours: until when, and how long they may wait. */
export type WebhookWaits = Map<string, { at: number; maxMs: number }>;

export interface SweepDelaysDeps extends Pick<Infra, 'clock' | 'log'> {
  engine: Pick<Engine, 'readJobTimes'>;
  queues: Queues;
  webhookWaits: WebhookWaits;
  signal: AbortSignal;
}

/**
 * Ends waits that are longer than any step asks for: their jobs were delayed while a clock was ahead. A job that runs too
 * early only polls, or tries, once more.
 *
 * @returns how many waits it ended.
 */
export async function sweepDelays(deps: SweepDelaysDeps): Promise<number> {
  const { queues, clock, log, signal } = deps;
  const now = clock.now();
  let ended = 0;
  ended += await endWaits(queues.render, ({ data }) => data.updatedAt);
  ended += await endWaits(
    queues.submit,
    ({ processedOn }) => processedOn,
    ({ data }) => (data.budget ? MAX_BUDGET_WAIT_MS : MAX_WAIT_MS),
  );
  ended += await endWaits(queues.store, ({ processedOn }) => processedOn);
  ended += await endWebhookWaits(deps, now);
  if (ended > 0) log.warn({ jobs: ended }, 'jobs woken: they were delayed while a clock was ahead');
  return ended;

  /** A job whose wait began in the future waits too long, also if its wait is no longer than a step asks for. */
  async function endWaits<D>(
    queue: { name: string; getJob(id: string): Promise<Job<D> | undefined> },
    readStart: (job: Job<D>) => number | undefined,
    findMaxWait: (job: Job<D>) => number = () => MAX_WAIT_MS,
  ): Promise<number> {
    let woken = 0;
    for (const { id, at } of await listWaitsBeyond(deps, queue.name, now + TOLERANCE_MS)) {
      signal.throwIfAborted();
      const job = await queue.getJob(id);
      if (!job) continue;
      const isTooLong = at > now + findMaxWait(job) || (readStart(job) ?? 0) > now + TOLERANCE_MS;
      if (isTooLong && (await promote(job))) woken += 1;
    }
    return woken;
  }
}

/** A webhook waits for hours between two tries. How long at most depends on its tries, which its job shows. */
async function endWebhookWaits(deps: SweepDelaysDeps, now: number): Promise<number> {
  const { queues, webhookWaits, signal } = deps;
  const waits = await listWaitsBeyond(deps, QUEUE.webhook, now + maxWebhookDelay(0) + TOLERANCE_MS);
  let woken = 0;
  for (const { id, at } of waits) {
    signal.throwIfAborted();
    const known = webhookWaits.get(id);
    let job: Job | undefined;
    let maxMs = known?.maxMs;
    if (maxMs === undefined || known?.at !== at) {
      job = await queues.webhook.getJob(id);
      if (!job) continue;
      maxMs = maxWebhookDelay(job.attemptsMade);
      webhookWaits.set(id, { at, maxMs });
    }
    if (at - now <= maxMs + TOLERANCE_MS) continue;
    job ??= await queues.webhook.getJob(id);
    if (job && (await promote(job))) woken += 1;
  }
  const waiting = new Set(waits.map(({ id }) => id));
  for (const id of webhookWaits.keys()) if (!waiting.has(id)) webhookWaits.delete(id);
  return woken;
}

/** All jobs of a queue that are delayed beyond `time` (Unix ms). Those that wait longest come first. */
export async function listWaitsBeyond(
  { engine, signal }: Pick<SweepDelaysDeps, 'engine' | 'signal'>,
  queue: string,
  time: number,
): Promise<JobTime[]> {
  const waits: JobTime[] = [];
  for (let from = 0; ; from += PAGE) {
    signal.throwIfAborted();
    const range = { from, to: from + PAGE - 1, latestFirst: true };
    const page = await engine.readJobTimes(queue, 'delayed', range);
    const beyond = page.filter(({ at }) => at > time);
    waits.push(...beyond);
    if (beyond.length < PAGE) return waits;
  }
}

/** @returns whether the job was delayed. */
export async function promote(job: Pick<Job, 'promote'>): Promise<boolean> {
  try {
    await job.promote();
    return true;
  } catch (error) {
    if (isEngineError(error)) throw error;
    // Its delay has just ended.
    return false;
  }
}
