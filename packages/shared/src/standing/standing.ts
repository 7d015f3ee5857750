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
export interface Standing {
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
  canceledAt?: StepName;
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
} as const satisfies Record<StepName, Standing['status']>;

export function standingOfJob(job: JobFacts, checkpoint: Checkpoint): Standing {
  const step = stepOf(checkpoint);
  const common = {
    ...partsOf(checkpoint),
    attempts: checkpoint.attempt,
    taskIds: taskIdsOf(checkpoint),
    updatedAt: Math.max(checkpoint.updatedAt, job.finishedOn ?? 0),
  };
  if (job.finishedOn && job.failedReason) {
    const error = deathOf(job, checkpoint, step);
    // As its receipt and its dead letter count: what was bought, and where it stopped.
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'failed', progress: PROGRESS[error.step], attempts, error };
  }
  // Its return value, too: a run that had lost the job may have written its own checkpoint after the end.
  if (job.finishedOn && (checkpoint.at.step === 'cancel' || job.returnvalue?.state === 'canceled')) {
    const attempts = checkpoint.purchases.length;
    return { ...common, status: 'canceled', progress: PROGRESS[step], attempts, canceledAt: step };
  }
  if (job.finishedOn) {
    const image = imageOf(job, checkpoint);
    return { ...common, status: 'completed', progress: 100, ...(image ? { image } : {}) };
  }
  return {
    ...common,
    status: STATUS[step],
    progress: Math.min(progressOf(job, step), 99),
    // A purchase that waits for its turn has not begun.
    attempts: step === 'submit' ? checkpoint.attempt - 1 : checkpoint.attempt,
  };
}

export function standingOfReceipt(receipt: Receipt): Standing {
  const { failure, image, canceled, notes } = receipt;
  const stoppedAt = failure?.step ?? canceled?.from;
  return {
    ...partsOf(receipt),
    status: receipt.state,
    progress: receipt.state === 'completed' ? 100 : stoppedAt ? PROGRESS[stoppedAt] : 0,
    attempts: receipt.attempts,
    taskIds: receipt.purchases.map((purchase) => purchase.taskId),
    updatedAt: receipt.finishedAt,
    ...(image ? { image } : {}),
    ...(failure ? { error: failureParts(failure) } : {}),
    ...(canceled ? { canceledAt: canceled.from } : {}),
    ...(notes ? { notes } : {}),
  };
}

function partsOf(source: Checkpoint | Receipt) {
  const { renderId, tenant, request, fingerprint, createdAt, purchases } = source;
  return { renderId, tenant, request, fingerprint, createdAt, purchases };
}

const failureParts = ({ code, message, step, chain }: Failure) => ({ code, message, step, chain });

/** Where a render goes on: so stand a burial that has not ended, and a redrive that nobody has picked up. */
const resumeOf = ({ at }: Checkpoint) => (at.step === 'bury' ? at.resume : at);

function stepOf(checkpoint: Checkpoint): StepName {
  const at = resumeOf(checkpoint);
  return at.step === 'cancel' ? at.from : at.step;
}

function taskIdsOf(checkpoint: Checkpoint): string[] {
  const ids = checkpoint.purchases.map((purchase) => purchase.taskId);
  const at = resumeOf(checkpoint);
  return 'taskId' in at ? [...new Set([...ids, at.taskId])] : ids;
}

function imageOf(job: JobFacts, { at }: Checkpoint): StoredImage | undefined {
  if (job.returnvalue?.state === 'completed') return job.returnvalue.image;
  return at.step === 'finish' ? at.image : undefined;
}

function progressOf(job: JobFacts, step: StepName): number {
  const said = typeof job.progress === 'number' && Number.isFinite(job.progress) ? job.progress : 0;
  return Math.round(Math.min(100, Math.max(0, said, PROGRESS[step])));
}

/** A job that BullMQ failed by itself has no failure in its checkpoint: its worker died too often. */
function deathOf(job: JobFacts, { at }: Checkpoint, step: StepName): NonNullable<Standing['error']> {
  if (at.step === 'bury') return failureParts(at.failure);
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
