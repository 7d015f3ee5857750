import type {
  Checkpoint,
  FailureCode,
  JobRequest,
  LiveStep,
  Purchase,
  Receipt,
  StepName,
  StoredImage,
} from '@darkroom/shared';
import type { RenderJob } from '../backends/index.ts';
import type { RENDER_STATUSES } from './answers.ts';

/** What is known of a render, wherever it was found. Times in Unix milliseconds. */
export interface Standing {
  renderId: string;
  tenant: string;
  status: (typeof RENDER_STATUSES)[number];
  /** 0-100. */
  progress: number;
  /** Purchases begun. */
  attempts: number;
  taskIds: string[];
  purchases: Purchase[];
  request: JobRequest;
  fingerprint: string;
  /** Who made the job; a receipt does not say. */
  doorToken?: string;
  createdAt: number;
  updatedAt: number;
  image?: StoredImage;
  error?: { code: FailureCode; message: string; step: StepName };
}

/** What is read of a BullMQ job. */
export type JobFacts = Pick<RenderJob, 'finishedOn' | 'failedReason' | 'progress' | 'returnvalue'>;

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
} as const satisfies Record<StepName, Standing['status']>;

export function standingOfJob(job: JobFacts, checkpoint: Checkpoint): Standing {
  const live = liveStep(checkpoint);
  const common = {
    ...partsOf(checkpoint),
    attempts: checkpoint.attempt,
    taskIds: taskIdsOf(checkpoint),
    doorToken: checkpoint.doorToken,
    updatedAt: Math.max(checkpoint.updatedAt, job.finishedOn ?? 0),
  };
  if (job.finishedOn && job.failedReason) {
    const error = deathOf(job, checkpoint, live);
    // As its receipt and its dead letter count: what was bought, and where it stopped.
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'failed', progress: PROGRESS[error.step], attempts, error };
  }
  if (job.finishedOn) {
    const image = job.returnvalue?.image ?? (live.step === 'finish' ? live.image : undefined);
    return { ...common, status: 'completed', progress: 100, ...(image ? { image } : {}) };
  }
  return {
    ...common,
    status: STATUS[live.step],
    progress: Math.min(progressOf(job, live), 99),
    // A purchase that waits for its turn has not begun.
    attempts: live.step === 'submit' ? checkpoint.attempt - 1 : checkpoint.attempt,
  };
}

export function standingOfReceipt(receipt: Receipt): Standing {
  const { failure, image } = receipt;
  return {
    ...partsOf(receipt),
    status: receipt.state,
    progress: receipt.state === 'completed' ? 100 : failure ? PROGRESS[failure.step] : 0,
    attempts: receipt.attempts,
    taskIds: receipt.purchases.map((purchase) => purchase.taskId),
    updatedAt: receipt.finishedAt,
    ...(image ? { image } : {}),
    ...(failure ? { error: { code: failure.code, message: failure.message, step: failure.step } } : {}),
  };
}

function partsOf(source: Checkpoint | Receipt) {
  const { renderId, tenant, request, fingerprint, createdAt, purchases } = source;
  return { renderId, tenant, request, fingerprint, createdAt, purchases };
}

/** A burial that has not ended, and a redrive that nobody has picked up, stand where the render goes on. */
function liveStep(checkpoint: Checkpoint): LiveStep {
  return checkpoint.at.step === 'bury' ? checkpoint.at.resume : checkpoint.at;
}

function taskIdsOf(checkpoint: Checkpoint): string[] {
  const ids = checkpoint.purchases.map((purchase) => purchase.taskId);
  const live = liveStep(checkpoint);
  return 'taskId' in live ? [...new Set([...ids, live.taskId])] : ids;
}

function progressOf(job: JobFacts, live: LiveStep): number {
  const said = typeof job.progress === 'number' && Number.isFinite(job.progress) ? job.progress : 0;
  return Math.round(Math.min(100, Math.max(0, said, PROGRESS[live.step])));
}

/** A job that BullMQ failed by itself has no failure in its checkpoint: its worker died too often. */
function deathOf(job: JobFacts, checkpoint: Checkpoint, live: LiveStep): NonNullable<Standing['error']> {
  if (checkpoint.at.step === 'bury') {
    const { code, message, step } = checkpoint.at.failure;
    return { code, message, step };
  }
  if (/stalled/i.test(job.failedReason ?? '')) {
    const message = 'The workers that ran this render died, too often to try again by itself.';
    return { code: 'worker_lost', message, step: live.step };
  }
  return {
    code: 'internal_error',
    message: 'The render failed in a way that nobody foresaw.',
    step: live.step,
  };
}
