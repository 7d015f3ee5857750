import type { FinalStatus } from '@darkroom/api';
import type { JobsOptions, KeepJobs, Queue } from 'bullmq';
import type { Engine, EngineQueueOptions } from '../engine/engine.ts';
import type { DeadLetter } from '../render/dead-letter.ts';
import type {
  Checkpoint,
  DATA_VERSION,
  Failure,
  ProviderName,
  Reference,
  StoredImage,
} from '../render/index.ts';

/** Every queue of Darkroom by name. */
export const QUEUE = {
  render: 'render',
  submit: 'submit',
  store: 'store',
  deadLetter: 'dead-letter',
  maintenance: 'maintenance',
  webhook: 'webhook',
  webhookDeadLetter: 'webhook-dead-letter',
  cancel: 'cancel',
} as const;

/** What a submission ended in; a `submit` child's return value. */
export type SubmitResult =
  | { kind: 'accepted'; taskId: string; acceptedAt: number }
  | { kind: 'unknown'; reason: string }
  /** A cancel marker was there in time: nothing was bought. */
  | { kind: 'canceled' };

/** `submit` child: buys attempt number `attempt` of a render. `failure` is written before the child fails. */
export interface SubmitJob {
  version: typeof DATA_VERSION;
  renderId: string;
  provider: ProviderName;
  attempt: number;
  tenant: string;
  request: Checkpoint['request'];
  /** A task id that could not be written to the ledger yet: the store was away when the provider answered (I3). */
  accepted?: { taskId: string; acceptedAt: number };
  failure?: Failure;
}

/** What storing ended in; a `store` child's return value. */
export type StoreResult = { kind: 'stored'; image: StoredImage } | { kind: 'expired' };

/** `store` child: brings the image of attempt number `attempt` home. */
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
  failure?: Failure;
}

/** How a render's job completed. A failed render's job fails instead. */
export type RenderResult =
  | { status: 'completed'; image: StoredImage; costMicros: number }
  | { status: 'canceled'; costMicros: number };

/**
 * Tells one end of a render to its webhook. The body is made from the receipt at each try, so that its signed URLs
 * are fresh and stay out of the queue. The job's id is the `webhook-id`.
 */
export interface WebhookJob {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  status: FinalStatus;
  /** Where it goes: the render's own, or the tenant's when it ended. */
  to: Reference;
  /** When (Unix ms) the render ended. */
  endedAt: number;
  /** Why the last try was in vain; for people. Scrubbed. */
  lastError?: string;
  /** Unix milliseconds: when the next try was planned for. */
  nextAttemptAt?: number;
}

/** A webhook that nobody took, for a person; its job id is the notify job's. */
export interface WebhookDeadLetter extends WebhookJob {
  attempts: number;
  diedAt: number;
}

/** Somebody wants a render to stop. Its job id is the render's id; nobody works on it, every run looks for it. */
export interface CancelMarker {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  requestedAt: number;
}

/** Chores: `resume-submissions` looks whether the account is back, `sweep` finds deaths without a letter. */
export type MaintenanceJob =
  | {
      version: typeof DATA_VERSION;
      chore: 'resume-submissions';
      reason: 'unauthorized' | 'insufficient_quota';
      since: number;
    }
  | { version: typeof DATA_VERSION; chore: 'sweep' };

export interface Retention {
  /** How long finished jobs stay in the queue. */
  days: number;
  /** How many finished jobs stay at the most. @default 50000 */
  count?: number;
}

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** Caps of the events streams: they carry return values, and nobody reads far back. */
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
  };
}

/** Opens the queues of one engine with their retention. Cheap: an engine hands out one object per name. */
export function openQueues(engine: Engine, retention: Retention) {
  const age = retention.days * DAY_S;
  // On PGlite every completion walks what is kept by count: there it is kept by age alone.
  const keep = (seconds: number, count: number): KeepJobs =>
    engine.kind === 'pglite' ? { age: seconds } : { age: seconds, count };
  const count = retention.count ?? 50_000;
  const openQueue = <D, R>(name: string, defaultJobOptions: JobsOptions): Queue<D, R> => {
    const options: EngineQueueOptions = { defaultJobOptions, streams: EVENTS };
    return engine.queue<D, R>(name, options);
  };
  // A child is read by its parent at once; it stays a while for people who look.
  const childOptions = createJobOptions({ done: keep(HOUR_S, 5_000), failed: keep(age, count) });
  return {
    render: openQueue<Checkpoint, RenderResult>(
      QUEUE.render,
      createJobOptions({ done: keep(age, count), failed: keep(age * 4, count * 4) }),
    ),
    submit: openQueue<SubmitJob, SubmitResult>(QUEUE.submit, childOptions),
    store: openQueue<StoreJob, StoreResult>(QUEUE.store, childOptions),
    // Dead letters wait for a person: only a person removes them.
    deadLetter: openQueue<DeadLetter, void>(QUEUE.deadLetter, {
      ...createJobOptions({ done: false, failed: false }),
      sizeLimit: 64 * 1024,
    }),
    maintenance: openQueue<MaintenanceJob, void>(
      QUEUE.maintenance,
      createJobOptions({ done: keep(HOUR_S, 100), failed: keep(age, 100) }),
    ),
    webhook: openQueue<WebhookJob, void>(
      QUEUE.webhook,
      createJobOptions({ done: keep(age, count), failed: keep(age, count) }),
    ),
    webhookDeadLetter: openQueue<WebhookDeadLetter, void>(
      QUEUE.webhookDeadLetter,
      createJobOptions({ done: false, failed: false }),
    ),
    cancel: openQueue<CancelMarker, void>(QUEUE.cancel, createJobOptions({ done: false, failed: false })),
  };
}

export type Queues = ReturnType<typeof openQueues>;

/**
 * BullMQ's priority, 1 first. Every job of a queue gets one: a job without a priority would run before all that
 * have one.
 */
export const LANE = { interactive: 1, batch: 10 } as const;

/** Store jobs run in the order in which their paid images expire: minutes, inside BullMQ's 2^21 priorities. */
export const expiryPriority = (expiresAt: number) => 1 + (Math.floor(expiresAt / 60_000) % 2_000_000);

/** A new render's job, ready for `queue.add` or `addBulk`. */
export function renderJob(checkpoint: Checkpoint) {
  return {
    name: checkpoint.request.resolution,
    data: checkpoint,
    opts: { jobId: checkpoint.renderId, priority: LANE[checkpoint.request.priority], attempts: 1 },
  };
}
