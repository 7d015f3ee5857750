import { type DeliveryStatus, FINAL_STATUSES, type FinalStatus } from '@darkroom/api';
import type {
  AnyWebhookDeadLetter,
  AnyWebhookJob,
  Queues,
  WebhookDeadLetter,
  WebhookJob,
} from '@darkroom/shared/queues';
import { webhookId, webhookJobOptions } from '@darkroom/shared/queues';
import { upgradePersisted } from '@darkroom/shared/render';
import type { Job } from 'bullmq';

/** The delivery of one webhook: one end of a render, sent to one URL. Times in Unix milliseconds. */
export interface Delivery {
  /** The `webhook-id` header of every attempt. */
  id: string;
  job: WebhookJob;
  status: DeliveryStatus;
  /** Attempts so far. A redelivery starts again at 0. */
  attempts: number;
  createdAt: number;
  /** Only while the delivery waits for its next attempt. */
  nextAttemptAt?: number;
  /** Scrubbed. Absent once the webhook is delivered. */
  lastError?: string;
}

/** How many ends of one render are searched, the latest ones. */
const MAX_ENDS = 10;

/**
 * The webhooks of a render, newest first: those that the queue still holds, and dead letters of any age. Their ids are
 * derived from the render's id, so no queue has to be searched.
 *
 * @param statuses only the webhooks about these ends
 * @throws {NewerDataError} and what the engine throws.
 */
export async function findDeliveries(
  queues: Queues,
  renderId: string,
  statuses: readonly FinalStatus[] = FINAL_STATUSES,
): Promise<Delivery[]> {
  const render = await queues.render.getJob(renderId);
  const lastEnd = render?.attemptsMade ?? MAX_ENDS - 1;
  const firstEnd = Math.max(0, lastEnd - MAX_ENDS + 1);
  const ends = Array.from({ length: lastEnd - firstEnd + 1 }, (_, index) => firstEnd + index);
  const found = await Promise.all(ends.map((end) => findDeliveriesOfEnd(queues, renderId, end, statuses)));
  return found.flat().sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

async function findDeliveriesOfEnd(
  queues: Queues,
  renderId: string,
  end: number,
  statuses: readonly FinalStatus[],
): Promise<Delivery[]> {
  const ids = statuses.map((status) => webhookId(renderId, status, end, 0));
  const first = await Promise.all(ids.map((id) => findDelivery(queues, id)));
  const all = first.flatMap((delivery) => delivery ?? []);
  for (const status of statuses.filter((_, position) => first[position])) {
    for (let index = 1; ; index += 1) {
      const delivery = await findDelivery(queues, webhookId(renderId, status, end, index));
      if (!delivery) break;
      all.push(delivery);
    }
  }
  return all;
}

async function findDelivery(queues: Queues, id: string): Promise<Delivery | undefined> {
  // The state is read before the job: then the job's data is at least as new as its state.
  const state = await queues.webhook.getJobState(id);
  const job = state === 'unknown' ? undefined : await queues.webhook.getJob(id);
  if (job) return deliveryFromJob(id, job, state);
  const letter = await queues.webhookDeadLetter.getJob(id);
  return letter ? deliveryFromDeadLetter(id, letter) : undefined;
}

/** Webhooks of runs and catalogues have other ids, so the ids of a render name only its own webhooks. */
function deliveryFromJob(id: string, job: Job<AnyWebhookJob, void>, state: string): Delivery {
  const data = upgradePersisted('webhook-job', job.data) as WebhookJob;
  const common = { id, job: data, attempts: job.attemptsMade, createdAt: job.timestamp };
  // The job's state decides, not `lastError`: that can be left from an earlier attempt.
  if (state === 'completed') return { ...common, status: 'delivered' };
  const { lastError, nextAttemptAt } = data;
  const undelivered = { ...common, ...(lastError === undefined ? {} : { lastError }) };
  if (state === 'failed') return { ...undelivered, status: 'failed' };
  const waits = state === 'delayed' && nextAttemptAt !== undefined;
  return { ...undelivered, status: 'pending', ...(waits ? { nextAttemptAt } : {}) };
}

/** For a webhook whose own job has left the queue. */
function deliveryFromDeadLetter(id: string, letter: DeadLetterJob): Delivery {
  const { attempts, diedAt: _, ...job } = readDeadLetter(letter) as WebhookDeadLetter;
  const { lastError } = job;
  const common = { id, job, attempts, createdAt: letter.timestamp, status: 'failed' as const };
  return lastError === undefined ? common : { ...common, lastError };
}

/**
 * Sends a webhook again under the same id, so that the receiver can recognize it. A failed or delivered webhook gets
 * all its attempts again and loses its dead letter. A webhook that waits for its next attempt is sent now.
 *
 * @returns whether the webhook exists. Throws what the engine throws.
 */
export async function redeliverWebhook(queues: Queues, id: string): Promise<boolean> {
  const job = await queues.webhook.getJob(id);
  const letter = await queues.webhookDeadLetter.getJob(id);
  if (job) {
    // The dead letter is removed first: a webhook that fails again at once writes a new one.
    if (letter) await queues.webhookDeadLetter.remove(id);
    const state = await job.getState();
    // Another call may have been faster. Then the job already waits in the queue, as it should.
    if (state === 'delayed') await job.promote().catch(() => undefined);
    if (state === 'failed' || state === 'completed') {
      await job.retry(state, { resetAttemptsMade: true }).catch(async (error: unknown) => {
        if ((await job.getState()) === state) throw error;
      });
    }
    return true;
  }
  if (!letter) return false;
  const data = readDeadLetter(letter);
  await queues.webhook.add(data.status, webhookFromDeadLetter(data), webhookJobOptions(id));
  await queues.webhookDeadLetter.remove(id);
  return true;
}

type DeadLetterJob = Job<AnyWebhookDeadLetter, void>;

/** @throws {NewerDataError} */
const readDeadLetter = ({ data }: DeadLetterJob) =>
  upgradePersisted('webhook-dead-letter', data) as AnyWebhookDeadLetter;

function webhookFromDeadLetter(letter: AnyWebhookDeadLetter): AnyWebhookJob {
  const { attempts: _attempts, diedAt: _diedAt, nextAttemptAt: _nextAttemptAt, ...job } = letter;
  return job;
}
