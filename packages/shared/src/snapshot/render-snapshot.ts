import type { FailureCode, RenderStatus, StepName } from '@darkroom/api';
import type { RenderResult } from '../queues/index.ts';
import type {
  Checkpoint,
  Failure,
  JobRequest,
  Note,
  Purchase,
  Receipt,
  StoredImage,
} from '../render/index.ts';

/** What is known of a render, wherever it was found. Times in Unix milliseconds. */
export interface RenderSnapshot {
  renderId: string;
  tenant: string;
  status: RenderStatus;
  /** 0-100. */
  progress: number;
  /** Purchases begun. */
  attempts: number;
  taskIds: string[];
  purchases: Purchase[];
  request: JobRequest;
  fingerprint: string;
  createdAt: number;
  updatedAt: number;
  image?: StoredImage;
  error?: { code: FailureCode; message: string; step: StepName; chain: string[] };
  /** Where it stood when it was canceled. */
  canceledAtStep?: StepName;
  /** What happened, where a receipt kept it; a living render's are in its job's log. */
  notes?: Note[];
}

/** What is read of a BullMQ job. */
export interface JobFacts {
  finishedOn?: number | undefined;
  failedReason?: string | undefined;
  progress: unknown;
  returnvalue?: RenderResult | undefined;
}

/** While nothing else is known, a step says how far a render is. */
const PROGRESS = { submit: 0, hold: 5, poll: 10, store: 80, finish: 95 } as const satisfies Record<
  StepName,
  number
>;
const STATUS = {
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
    // As its receipt and its dead letter count: what was bought, and where it stopped.
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'failed', progress: PROGRESS[error.step], attempts, error };
  }
  // Its return value, too: a run that had lost the job may have written its own checkpoint after the end.
  if (job.finishedOn && (checkpoint.at.step === 'cancel' || job.returnvalue?.status === 'canceled')) {
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'canceled', progress: PROGRESS[step], attempts, canceledAtStep: step };
  }
  if (job.finishedOn) {
    const image = storedImage(job, checkpoint);
    return { ...common, status: 'completed', progress: 100, ...(image ? { image } : {}) };
  }
  return {
    ...common,
    status: STATUS[step],
    progress: Math.min(progressPercent(job, step), 99),
    // A purchase that waits for its turn has not begun.
    attempts: step === 'submit' ? checkpoint.attempt - 1 : checkpoint.attempt,
  };
}

export function snapshotFromReceipt(receipt: Receipt): RenderSnapshot {
  const { failure, image, canceled, notes } = receipt;
  const stoppedAt = failure?.step ?? canceled?.from;
  return {
    ...sharedFields(receipt),
    status: receipt.status,
    progress: receipt.status === 'completed' ? 100 : stoppedAt ? PROGRESS[stoppedAt] : 0,
    attempts: receipt.attempts,
    taskIds: receipt.purchases.map((purchase) => purchase.taskId),
    updatedAt: receipt.finishedAt,
    ...(image ? { image } : {}),
    ...(failure ? { error: errorFromFailure(failure) } : {}),
    ...(canceled ? { canceledAtStep: canceled.from } : {}),
    ...(notes ? { notes } : {}),
  };
}

function sharedFields(source: Checkpoint | Receipt) {
  const { renderId, tenant, request, fingerprint, createdAt, purchases } = source;
  return { renderId, tenant, request, fingerprint, createdAt, purchases };
}

const errorFromFailure = ({ code, message, step, chain }: Failure) => ({ code, message, step, chain });

/** Where a render goes on: so stand a burial that has not ended, and a redrive that nobody has picked up. */
const stepToResume = ({ at }: Checkpoint) => (at.step === 'bury' ? at.resume : at);

function currentStep(checkpoint: Checkpoint): StepName {
  const at = stepToResume(checkpoint);
  return at.step === 'cancel' ? at.from : at.step;
}

function listTaskIds(checkpoint: Checkpoint): string[] {
  const ids = checkpoint.purchases.map((purchase) => purchase.taskId);
  const at = stepToResume(checkpoint);
  return 'taskId' in at ? [...new Set([...ids, at.taskId])] : ids;
}

function storedImage(job: JobFacts, { at }: Checkpoint): StoredImage | undefined {
  if (job.returnvalue?.status === 'completed') return job.returnvalue.image;
  return at.step === 'finish' ? at.image : undefined;
}

function progressPercent(job: JobFacts, step: StepName): number {
  const reported = typeof job.progress === 'number' && Number.isFinite(job.progress) ? job.progress : 0;
  return Math.round(Math.min(100, Math.max(0, reported, PROGRESS[step])));
}

/** A job that BullMQ failed by itself has no failure in its checkpoint: its worker died too often. */
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
      ? 'The workers that ran this render died, too often to try again by itself.'
      : 'The render failed in a way that nobody foresaw.',
    step,
    chain: [],
  };
}
