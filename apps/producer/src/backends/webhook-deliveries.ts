import { type DELIVERY_STATUSES, FINAL_STATUSES } from '@darkroom/api';
import type { Queues, WebhookDeadLetter, WebhookJob } from '@darkroom/shared/queues';
import { webhookId, webhookIds } from '@darkroom/shared/queues';
import type { Job } from 'bullmq';

/** How the telling of one end of a render to one URL goes. Times in Unix milliseconds. */
export interface Delivery {
  /** The message's id: the `webhook-id` of every try. */
  id: string;
  job: WebhookJob;
  status: (typeof DELIVERY_STATUSES)[number];
  /** Tries so far; a redelivery counts anew. */
  attempts: number;
  createdAt: number;
  /** Only while it waits for a try. */
  nextAttemptAt?: number;
  /** Scrubbed; not of a message that was taken in the end. */
  lastError?: string;
}

/** Ends of one render that are looked for, the latest ones, and URLs of one end. */
const MAX_ENDS = 10;
const MAX_URLS = 10;

/**
 * The webhooks of a render, newest first: all that the queue still holds, and dead letters without end. They are
 * found by their ids, so that nothing has to be searched. Throws what the engine throws.
 */
export async function findDeliveries(queues: Queues, renderId: string): Promise<Delivery[]> {
  const render = await queues.render.getJob(renderId);
  const lastEnd = render?.attemptsMade ?? MAX_ENDS - 1;
  const firstEnd = Math.max(0, lastEnd - MAX_ENDS + 1);
  const ends = Array.from({ length: lastEnd - firstEnd + 1 }, (_, index) => firstEnd + index);
  const found = await Promise.all(ends.map((end) => findDeliveriesOfEnd(queues, renderId, end)));
  return found.flat().sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

async function findDeliveriesOfEnd(queues: Queues, renderId: string, end: number): Promise<Delivery[]> {
  const first = await Promise.all(webhookIds(renderId, end, 0).map((id) => findDelivery(queues, id)));
  const all = first.flatMap((delivery) => delivery ?? []);
  for (const state of FINAL_STATUSES.filter((_, position) => first[position])) {
    for (let index = 1; index < MAX_URLS; index += 1) {
      const delivery = await findDelivery(queues, webhookId(renderId, state, end, index));
      if (!delivery) break;
      all.push(delivery);
    }
  }
  return all;
}

async function findDelivery(queues: Queues, id: string): Promise<Delivery | undefined> {
  // Before the job is read: what is told of it then is at least as new as its state.
  const state = await queues.webhook.getJobState(id);
  const job = state === 'unknown' ? undefined : await queues.webhook.getJob(id);
  if (job) return deliveryFromJob(id, job, state);
  const letter = await queues.webhookDeadLetter.getJob(id);
  return letter ? deliveryFromDeadLetter(id, letter) : undefined;
}

function deliveryFromJob(id: string, job: Job<WebhookJob, void>, state: string): Delivery {
  const common = { id, job: job.data, attempts: job.attemptsMade, createdAt: job.timestamp };
  // Not by what the job says of a failure: that may be of an earlier try.
  if (state === 'completed') return { ...common, status: 'delivered' };
  const { lastError, nextAttemptAt } = job.data;
  const told = { ...common, ...(lastError === undefined ? {} : { lastError }) };
  if (state === 'failed') return { ...told, status: 'failed' };
  const waits = state === 'delayed' && nextAttemptAt !== undefined;
  return { ...told, status: 'pending', ...(waits ? { nextAttemptAt: nextAttemptAt } : {}) };
}

/** The queue has let go of the message itself. */
function deliveryFromDeadLetter(id: string, { data, timestamp }: Job<WebhookDeadLetter, void>): Delivery {
  const { attempts, diedAt: _, ...job } = data;
  const { lastError } = job;
  const common = { id, job, attempts, createdAt: timestamp, status: 'failed' as const };
  return lastError === undefined ? common : { ...common, lastError };
}
