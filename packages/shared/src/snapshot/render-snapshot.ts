import type { FailureCode, RenderStatus, StepName } from '@darkroom/api';
import type { RenderResult } from '../queues/index.ts';
import {
  type Checkpoint,
  type Failure,
  type JobRequest,
  type Note,
  type Purchase,
  type Receipt,
  STEP_PROGRESS,
  type StoredImage,
} from '../render/index.ts';

/** All facts about a render, from the queue or from the store. Times in Unix milliseconds. */
export interface RenderSnapshot {
  renderId: string;
  tenant: string;
  status: RenderStatus;
  /** The present step. Absent after the end. */
  step?: StepName;
  /** 0-100. */
  progress: number;
  /** Attempts that were started. */
  attempts: number;
  taskIds: string[];
  purchases: Purchase[];
  request: JobRequest;
  /** The render that an operator bought again with this one. */
  copyOf?: string;
  fingerprint: string;
  createdAt: number;
  updatedAt: number;
  /** What the provider reported last about the present task, 0-100. Absent before the first report. */
  providerProgress?: number;
  /** When its job runs again, while it waits for that time. */
  delayedUntil?: number;
  /** When the provider accepted the first purchase. */
  startedAt?: number;
  image?: StoredImage;
  error?: { code: FailureCode; message: string; step: StepName; chain: string[] };
  /** The step that the cancel ended. */
  canceledAtStep?: StepName;
  /** The timeline, from the receipt. For a render in the queue it is in its job's log instead. */
  notes?: Note[];
}

/** The fields of a BullMQ job that a snapshot needs. */
export interface JobFacts {
  finishedOn?: number | undefined;
  failedReason?: string | undefined;
  /** Milliseconds from the last change until the job runs again. */
  delay?: number;
  progress: unknown;
  returnvalue?: RenderResult | undefined;
}

/** The status of a render at each step. */
export const STEP_STATUS = {
  submit: 'queued',
  hold: 'rendering',
  poll: 'rendering',
  store: 'storing',
  finish: 'storing',
} as const satisfies Record<StepName, RenderSnapshot['status']>;

export function snapshotFromJob(job: JobFacts, checkpoint: Checkpoint): RenderSnapshot {
  const step = currentStep(checkpoint);
  const common = {
    ...sharedFields(checkpoint),
    attempts: checkpoint.attempt,
    taskIds: listTaskIds(checkpoint),
    updatedAt: Math.max(checkpoint.updatedAt, job.finishedOn ?? 0),
  };
  if (job.finishedOn && job.failedReason) {
    const error = errorFromFailedJob(job, checkpoint, step);
    // The same count as in its receipt and dead letter: only accepted purchases.
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'failed', progress: STEP_PROGRESS[error.step], attempts, error };
  }
  // Check the return value too: a run that lost its lock may have written its own checkpoint after the end.
  if (job.finishedOn && (checkpoint.at.step === 'cancel' || job.returnvalue?.status === 'canceled')) {
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'canceled', progress: STEP_PROGRESS[step], attempts, canceledAtStep: step };
  }
  if (job.finishedOn) {
    const image = storedImage(job, checkpoint);
    return { ...common, status: 'completed', progress: 100, ...(image ? { image } : {}) };
  }
  return {
    ...common,
    status: STEP_STATUS[step],
    step,
    progress: Math.min(progressPercent(job, step), 99),
    ...(job.delay ? { delayedUntil: checkpoint.updatedAt + job.delay } : {}),
    ...readProviderProgress(checkpoint),
    // An attempt that waits in the submit queue has not started.
    attempts: step === 'submit' ? checkpoint.attempt - 1 : checkpoint.attempt,
  };
}

function readProviderProgress(checkpoint: Checkpoint): Pick<RenderSnapshot, 'providerProgress'> {
  const at = stepToResume(checkpoint);
  return at.step === 'poll' && at.lastPendingAt !== undefined
    ? { providerProgress: Math.round(at.progress) }
    : {};
}

export function snapshotFromReceipt(receipt: Receipt): RenderSnapshot {
  const { failure, image, canceled, notes } = receipt;
  const stoppedAt = failure?.step ?? canceled?.from;
  return {
    ...sharedFields(receipt),
    status: receipt.status,
    progress: receipt.status === 'completed' ? 100 : stoppedAt ? STEP_PROGRESS[stoppedAt] : 0,
    attempts: receipt.attempts,
    taskIds: listPurchasedTasks(receipt.purchases),
    updatedAt: receipt.finishedAt,
    ...(image ? { image } : {}),
    ...(failure ? { error: errorFromFailure(failure) } : {}),
    ...(canceled ? { canceledAtStep: canceled.from } : {}),
    ...(notes ? { notes } : {}),
  };
}

function sharedFields(source: Checkpoint | Receipt) {
  const { renderId, tenant, request, fingerprint, createdAt, purchases, copyOf } = source;
  const startedAt = purchases.find(({ acceptedAt }) => acceptedAt !== undefined)?.acceptedAt;
  const start = startedAt === undefined ? {} : { startedAt };
  const copy = copyOf === undefined ? {} : { copyOf };
  return { renderId, tenant, request, fingerprint, createdAt, purchases, ...start, ...copy };
}

const errorFromFailure = ({ code, message, step, chain }: Failure) => ({ code, message, step, chain });

/** The step with which a render continues. For a burial in progress, and a redrive that no worker runs yet: `resume`. */
const stepToResume = ({ at }: Checkpoint) => (at.step === 'bury' ? at.resume : at);

function currentStep(checkpoint: Checkpoint): StepName {
  const at = stepToResume(checkpoint);
  return at.step === 'cancel' ? at.from : at.step;
}

const listPurchasedTasks = (purchases: Purchase[]) => purchases.flatMap(({ taskId }) => taskId ?? []);

function listTaskIds(checkpoint: Checkpoint): string[] {
  const ids = listPurchasedTasks(checkpoint.purchases);
  const at = stepToResume(checkpoint);
  return 'taskId' in at ? [...new Set([...ids, at.taskId])] : ids;
}

function storedImage(job: JobFacts, { at }: Checkpoint): StoredImage | undefined {
  if (job.returnvalue?.status === 'completed') return job.returnvalue.image;
  return at.step === 'finish' ? at.image : undefined;
}

function progressPercent(job: JobFacts, step: StepName): number {
  const reported = typeof job.progress === 'number' && Number.isFinite(job.progress) ? job.progress : 0;
  return Math.round(Math.min(100, Math.max(0, reported, STEP_PROGRESS[step])));
}

/** The error of a failed job. When BullMQ itself failed the job, its checkpoint has no failure: its workers died too often. */
function errorFromFailedJob(
  job: JobFacts,
  { at }: Checkpoint,
  step: StepName,
): NonNullable<RenderSnapshot['error']> {
  if (at.step === 'bury') return errorFromFailure(at.failure);
  const lost = /stalled/i.test(job.failedReason ?? '');
  return {
    code: lost ? 'worker_lost' : 'internal_error',
    message: lost
      ? 'The workers that ran this render died too often. Darkroom does not try again automatically.'
      : 'Unexpected error.',
    step,
    chain: [],
  };
}
