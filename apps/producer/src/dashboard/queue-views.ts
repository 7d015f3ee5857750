import type { QueueJobJson } from '@bull-board/api/typings/app';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import {
  formatCancelName,
  formatDeadLetterData,
  formatDeadLetterName,
  formatDeadLetterReason,
  formatRenderData,
  formatRenderName,
  formatStopData,
  formatStopName,
  formatStoreName,
  formatSubmitName,
  formatWebhookData,
  formatWebhookName,
  formatWebhookReason,
  linkToPage,
  linkToRender,
} from './presentation.ts';

/**
 * What operators may change in a queue: `pause` and resume it, `promote` delayed jobs, `retry` failed jobs, `clean` away
 * the completed jobs, `remove` a job.
 */
export type QueueChange = 'pause' | 'promote' | 'retry' | 'clean' | 'remove';

export interface QueueView {
  description: string;
  name?: (job: QueueJobJson) => string;
  data?: (data: unknown) => unknown;
  link?: (job: QueueJobJson) => { displayText: string; href: string } | undefined;
  changes: readonly QueueChange[];
  /** No worker takes its jobs. So Bull Board must not warn that the queue has no workers. */
  withoutWorkers?: true;
  /** Its jobs have failed for good, and wait for an operator. From the data of a job: why. */
  deadReason?: (data: unknown) => string;
}

/** In the order in which the dashboard shows them. */
export const QUEUE_VIEWS: Record<keyof Queues, QueueView> = {
  render: {
    description: 'One job per render, for its whole life',
    name: formatRenderName,
    data: formatRenderData,
    link: linkToPage,
    changes: ['pause', 'promote', 'retry', 'clean'],
  },
  submit: {
    description: 'Purchases that wait for the provider, within its quota',
    name: formatSubmitName,
    link: linkToRender,
    changes: ['pause', 'promote', 'clean'],
  },
  store: {
    description: 'Images that are downloaded and stored',
    name: formatStoreName,
    link: linkToRender,
    changes: ['pause', 'promote', 'clean'],
  },
  deadLetter: {
    description: 'Dead letters of failed renders: read why, then retry the render',
    name: formatDeadLetterName,
    data: formatDeadLetterData,
    link: linkToRender,
    changes: ['remove'],
    withoutWorkers: true,
    deadReason: formatDeadLetterReason,
  },
  webhook: {
    description: 'Webhooks: one job sends one end of a render to one URL',
    name: formatWebhookName,
    data: formatWebhookData,
    link: linkToPage,
    // Sending a webhook again is harmless: the receiver recognizes its id.
    changes: ['pause', 'promote', 'retry', 'clean'],
  },
  webhookDeadLetter: {
    description:
      'Webhooks that no receiver acknowledged within a day: read why, then redeliver through the API',
    name: formatWebhookName,
    data: formatWebhookData,
    link: linkToPage,
    changes: ['remove'],
    withoutWorkers: true,
    deadReason: formatWebhookReason,
  },
  cancel: {
    description: 'Cancel markers: a marker is removed when its render has ended',
    name: formatCancelName,
    link: linkToPage,
    // The ledger has the cancel, too: without its marker the render would continue, but only until a restore.
    changes: [],
    withoutWorkers: true,
  },
  stop: {
    description: 'Why queues wait: pauses of operators, and the stop of an account that cannot buy',
    name: formatStopName,
    data: formatStopData,
    changes: [],
    withoutWorkers: true,
  },
  restore: {
    description: 'Restores: each adds the renders that the queue had lost, and returns its report',
    // Its completed job is the proof that the queue has everything that was accepted.
    changes: [],
  },
  redrive: {
    description: 'Redrives: each executes a plan at its pace; pause and cancel them through the API',
    changes: [],
  },
  run: {
    description: 'Runs: counts renders again, ends a run, stops a canceled one; see `darkroom runs`',
    changes: [],
  },
  catalogue: {
    description:
      'Runs of catalogues: each plans, adds its renders, and delivers; cancel them through the API',
    changes: [],
  },
  batch: {
    description: 'Batches: each checks its lines, adds its renders, and ends; cancel them through the API',
    changes: [],
  },
  worker: {
    description: 'What each worker process does: see the page Workers',
    changes: [],
    withoutWorkers: true,
  },
  maintenance: { description: 'Chores of the workers', changes: ['pause', 'promote', 'clean'] },
};

/** The view of a queue by its name in BullMQ. */
export function findQueueView(queueName: string | undefined): QueueView | undefined {
  const key = (Object.keys(QUEUE) as (keyof Queues)[]).find((one) => QUEUE[one] === queueName);
  return key && QUEUE_VIEWS[key];
}
