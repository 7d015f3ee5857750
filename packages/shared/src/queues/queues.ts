import type { FinalStatus } from '@darkroom/api';
import type { JobsOptions, KeepJobs, Queue } from 'bullmq';
import { type Engine, type EngineQueueOptions, serializedData } from '../engine/index.ts';
import type {
  Checkpoint,
  Cost,
  DATA_VERSION,
  DeadLetter,
  Failure,
  JobRequest,
  ProviderName,
  Reference,
  SerializedCheckpoint,
  StoredImage,
} from '../render/index.ts';
import type { BatchJob } from './batch-records.ts';
import type { CatalogueJob } from './catalogue-records.ts';
import { tenantLine } from './lanes.ts';
import type { RedriveJob } from './redrive-records.ts';
import type { RestoreJob, RestoreReport } from './restore-records.ts';
import type { RunJob } from './run-records.ts';
import type { StopJob } from './stop-records.ts';
import type { SweepReport } from './sweep-records.ts';
import type { WorkerRecord } from './worker-records.ts';

/** The names of all queues. */
export const QUEUE = {
  render: 'render',
  submit: 'submit',
  store: 'store',
  deadLetter: 'dead-letter',
  maintenance: 'maintenance',
  webhook: 'webhook',
  webhookDeadLetter: 'webhook-dead-letter',
  cancel: 'cancel',
  stop: 'stop',
  restore: 'restore',
  redrive: 'redrive',
  catalogue: 'catalogue',
  batch: 'batch',
  worker: 'worker',
  run: 'run',
} as const;

/** The outcome of a submission: the return value of a `submit` child. */
export type SubmitResult =
  | { kind: 'accepted'; taskId: string; acceptedAt: number }
  | { kind: 'unknown'; reason: string }
  /**
   * The child found a cancel marker before it sent the request: nothing was bought. With `claimedAt` (Unix ms), it found
   * the claim of an earlier cancel in the ledger: the queue has lost that the render was canceled.
   */
  | { kind: 'canceled'; claimedAt?: number };

/** The data of a `submit` child, which buys attempt number `attempt` of a render. */
export interface SubmitJob {
  version: typeof DATA_VERSION;
  renderId: string;
  /** As in the checkpoint. */
  inRun?: true | undefined;
  provider: ProviderName;
  attempt: number;
  tenant: string;
  request: Checkpoint['request'];
  /** A task id that is not in the ledger yet, because the store was away when the provider answered (I3). */
  accepted?: { taskId: string; acceptedAt: number };
  /** When (Unix ms) it last began to wait for the end of a pause. */
  pausedAt?: number;
  /** How often the account refused this render although it was healthy. */
  accountRefusals?: number;
  /** The budget that it waited for last. Stays when it goes on. */
  budget?: BudgetWait;
  /** Written before the child fails. */
  failure?: Failure;
}

/** Why a submission waits for a budget. */
export interface BudgetWait {
  name: string;
  limitMicros: number;
  per: 'day' | 'total';
  /** Unix milliseconds: since when it waits. */
  since: number;
  /** Unix milliseconds. Absent: the budget does not renew. */
  renewsAt?: number;
  /** The price of the render is not known, so it cannot be reserved. */
  isUnpriced?: true;
}

/** The outcome of storing: the return value of a `store` child. */
export type StoreResult = { kind: 'stored'; image: StoredImage } | { kind: 'expired' };

/** The data of a `store` child, which downloads and stores the image of attempt number `attempt`. */
export interface StoreJob {
  version: typeof DATA_VERSION;
  renderId: string;
  provider: ProviderName;
  attempt: number;
  tenant: string;
  taskId: string;
  createdAt: number;
  /** Unix milliseconds. */
  expiresAt: number;
  /** Absent in jobs of an earlier version. */
  requested?: Pick<JobRequest, 'size' | 'resolution'>;
  /** Written before the child fails. */
  failure?: Failure;
}

/** The return value of a render's job. The job of a failed render fails instead. */
export type RenderResult =
  | { status: 'completed'; image: StoredImage; cost: Cost }
  | { status: 'canceled'; cost: Cost };

/**
 * The data of one webhook: it reports one end of a render to one URL. Each delivery makes the body from the receipt, so
 * that its signed URLs are fresh and stay out of the queue. The job's id is the `webhook-id`.
 */
export interface WebhookJob {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  status: FinalStatus;
  /** The URL: the render's own, or the tenant's at the time of the end. */
  to: Reference;
  /** Unix milliseconds: when the render ended. */
  endedAt: number;
  /** Why the last delivery failed, for people. Scrubbed. */
  lastError?: string;
  /** Unix milliseconds: the time of the next delivery. */
  nextAttemptAt?: number;
}

/** The data of one webhook that reports an end of a run to one URL. */
export interface RunWebhookJob extends Omit<WebhookJob, 'renderId' | 'status'> {
  run: string;
  status: 'finished';
  /** Which end of the run it is. */
  end: number;
}

/** The data of the webhook that reports the end of a run of a catalogue. */
export interface CatalogueWebhookJob extends Omit<WebhookJob, 'renderId' | 'status'> {
  catalogue: string;
  /** Of the catalogue. */
  run: string;
  status: 'finished';
}

export type AnyWebhookJob = WebhookJob | RunWebhookJob | CatalogueWebhookJob;

interface Death {
  attempts: number;
  diedAt: number;
}

/** A webhook that its receiver never acknowledged. Its job id is the id of the webhook job. */
export interface WebhookDeadLetter extends WebhookJob, Death {}
export interface RunWebhookDeadLetter extends RunWebhookJob, Death {}
export interface CatalogueWebhookDeadLetter extends CatalogueWebhookJob, Death {}
export type AnyWebhookDeadLetter = WebhookDeadLetter | RunWebhookDeadLetter | CatalogueWebhookDeadLetter;

/**
 * A request to cancel a render. Its job id is the render's id. The queue `cancel` has no worker: every run of the render
 * reads the marker.
 */
export interface CancelMarker {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  requestedAt: number;
  /**
   * Stops the purchases of the render, and not the render: what was bought is still stored. Absent: the render is
   * canceled at its next step.
   */
  onlyPurchases?: true;
}

/**
 * Chores: `check-account` checks whether the provider accepts the account again, for refusal number `refusals` of the
 * account stop that began at `since`. `sweep` repairs what a dead process left.
 */
export type MaintenanceJob =
  | { version: typeof DATA_VERSION; chore: 'check-account'; since: number; refusals: number; checks: number }
  | { version: typeof DATA_VERSION; chore: 'sweep' };

export interface Retention {
  /** Days that finished jobs stay in the queue. */
  days: number;
  /** Finished jobs that stay in a queue at most. @default 50000 */
  count?: number;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** The limit of each event stream. Events contain return values. A listener that falls further behind loses events. */
const EVENTS = { events: { maxLen: 10_000 } };

function createJobOptions(keep: {
  done: JobsOptions['removeOnComplete'];
  failed: JobsOptions['removeOnFail'];
}): JobsOptions {
  return {
    removeOnComplete: keep.done ?? true,
    removeOnFail: keep.failed ?? false,
    // I5: the queue holds references. Bytes of `data` as JSON.
    sizeLimit: 8 * 1024,
    keepLogs: 60,
    stackTraceLimit: 5,
  };
}

/** Opens the queues of an engine with their retention. Cheap: the engine returns the same object for the same name. */
export function openQueues(engine: Engine, retention: Retention) {
  const age = retention.days * DAY_S;
  // On PGlite, a limit by count makes each completion read all finished jobs: 8,000 of them made it ten times slower.
  const keepFinished = (seconds: number, count: number): KeepJobs =>
    engine.kind === 'pglite' ? { age: seconds } : { age: seconds, count };
  const count = retention.count ?? 50_000;
  const openQueue = <D, R>(name: string, defaultJobOptions: JobsOptions): Queue<D, R> => {
    const options: EngineQueueOptions = { defaultJobOptions, streams: EVENTS };
    return engine.queue<D, R>(name, options);
  };
  // The parent reads a finished child at once. The child stays for an hour for people.
  const childOptions = createJobOptions({
    done: keepFinished(HOUR_S, 5_000),
    failed: keepFinished(age, count),
  });
  return {
    render: openQueue<Checkpoint, RenderResult>(
      QUEUE.render,
      createJobOptions({ done: keepFinished(age, count), failed: keepFinished(age * 4, count * 4) }),
    ),
    submit: openQueue<SubmitJob, SubmitResult>(QUEUE.submit, childOptions),
    store: openQueue<StoreJob, StoreResult>(QUEUE.store, childOptions),
    // Only an operator removes dead letters.
    deadLetter: openQueue<DeadLetter, void>(QUEUE.deadLetter, {
      ...createJobOptions({ done: false, failed: false }),
      sizeLimit: 64 * 1024,
    }),
    maintenance: openQueue<MaintenanceJob, SweepReport | undefined>(
      QUEUE.maintenance,
      // The overview shows the repairs of a day; see readRepairs.
      createJobOptions({ done: keepFinished(DAY_S, 1_500), failed: keepFinished(age, 100) }),
    ),
    webhook: openQueue<AnyWebhookJob, void>(
      QUEUE.webhook,
      createJobOptions({ done: keepFinished(age, count), failed: keepFinished(age, count) }),
    ),
    webhookDeadLetter: openQueue<AnyWebhookDeadLetter, void>(
      QUEUE.webhookDeadLetter,
      createJobOptions({ done: false, failed: false }),
    ),
    cancel: openQueue<CancelMarker, void>(QUEUE.cancel, createJobOptions({ done: false, failed: false })),
    restore: openQueue<RestoreJob, RestoreReport>(
      QUEUE.restore,
      // A completed restore is the proof that the queue is complete.
      createJobOptions({ done: false, failed: false }),
    ),
    redrive: openQueue<RedriveJob, void>(
      QUEUE.redrive,
      createJobOptions({ done: keepFinished(age, count), failed: keepFinished(age, count) }),
    ),
    // Its jobs are requested again whenever they are needed, under the same ids.
    run: openQueue<RunJob, void>(QUEUE.run, createJobOptions({ done: true, failed: true })),
    catalogue: openQueue<CatalogueJob, void>(
      QUEUE.catalogue,
      createJobOptions({ done: keepFinished(age, count), failed: keepFinished(age, count) }),
    ),
    batch: openQueue<BatchJob, void>(
      QUEUE.batch,
      createJobOptions({ done: keepFinished(age, count), failed: keepFinished(age, count) }),
    ),
    stop: openQueue<StopJob, void>(QUEUE.stop, createJobOptions({ done: false, failed: false })),
    worker: openQueue<WorkerRecord, void>(QUEUE.worker, createJobOptions({ done: false, failed: false })),
  };
}

export type Queues = ReturnType<typeof openQueues>;

/** The priorities of store jobs begin again at 1 in October 2029: then the jobs of one day are not in order. */
const FIRST_EXPIRY = Date.UTC(2026, 0, 1);

/** The priority of a store job: paid images that expire first run first. In minutes, below BullMQ's limit of 2^21. */
export const expiryPriority = (expiresAt: number) =>
  1 + (Math.max(0, Math.floor((expiresAt - FIRST_EXPIRY) / 60_000)) % 2_000_000);

/** The job of a new render, for `queue.add` or `addBulk`. */
export function renderJob(checkpoint: Checkpoint) {
  return {
    name: checkpoint.request.resolution,
    data: checkpoint,
    opts: {
      jobId: checkpoint.renderId,
      priority: tenantLine(checkpoint.request.priority, checkpoint.tenant),
      attempts: 1,
    },
  };
}

/** As {@link renderJob}, without serializing the checkpoint again. */
export const serializedRenderJob = ({ checkpoint, json }: SerializedCheckpoint) => ({
  ...renderJob(checkpoint),
  data: serializedData<Checkpoint>(json),
});

/**
 * The id of a webhook: the id of its job, and the `webhook-id` that receivers get. It is derived (I6), so that a run that
 * reports the same end again finds the job.
 *
 * @param end how often the render had ended before. A redriven render that ends again sends a new webhook.
 * @param index the position among the URLs that get a webhook for this end
 */
export const webhookId = (renderId: string, status: FinalStatus, end: number, index: number) =>
  `msg_${renderId}_${status}_${end}${index === 0 ? '' : `_${index}`}`;

/** The id of a webhook about an end of a run. A name of a tenant has no dot. */
export const runWebhookId = (tenant: string, run: string, end: number, index: number) =>
  `msg_run.${tenant}.${run}_${end}${index === 0 ? '' : `_${index}`}`;

/** The id of a webhook about the end of a run of a catalogue. None of the names has a dot. */
export const catalogueWebhookId = (tenant: string, catalogue: string, run: string) =>
  `msg_catalogue.${tenant}.${catalogue}.${run}`;

/**
 * The options of a webhook's job. BullMQ counts the attempts. The worker decides after each attempt whether another
 * follows, so BullMQ's own limit must never be reached first.
 */
export const webhookJobOptions = (id: string) => ({
  jobId: id,
  attempts: 1_000,
  backoff: { type: 'decided' },
});
