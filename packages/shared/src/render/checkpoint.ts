import { STEPS } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION, upgradePersisted } from './data-version.ts';
import { jobRequestSchema } from './job-request.ts';
import { purchaseSchema } from './purchases.ts';
import { failureSchema, providerNameSchema, storedImageSchema } from './record-parts.ts';

/**
 * Steps with a time limit have `doubtedSince`: since when (Unix ms) every check found the limit passed, or farther away
 * than it can be. The worker's policy needs two such checks, because a clock may jump.
 */
const submitStep = z.strictObject({ step: z.literal('submit') });

/** The outcome of a submission is unknown. The render waits for an event of the provider until `until` (Unix ms). */
const holdStep = z.strictObject({
  step: z.literal('hold'),
  reason: z.string(),
  until: z.number(),
  doubtedSince: z.number().optional(),
});

const pollStep = z.strictObject({
  step: z.literal('poll'),
  taskId: z.string(),
  /** Unix milliseconds: when the provider accepted the task. */
  acceptedAt: z.number(),
  /** Unix milliseconds: after it, the task counts as lost. */
  deadlineAt: z.number(),
  polls: z.number().int(),
  /** When (Unix ms) a poll last found the task unfinished. */
  lastPendingAt: z.number().optional(),
  /** Reported by the provider, 0-100. */
  progress: z.number(),
  /** Since when (Unix ms) every poll got a 404. */
  missingSince: z.number().optional(),
  doubtedSince: z.number().optional(),
});

const storeStep = z.strictObject({
  step: z.literal('store'),
  taskId: z.string(),
  /** Unix milliseconds: after it, the image must be bought again. */
  expiresAt: z.number(),
});

const finishStep = z.strictObject({ step: z.literal('finish'), image: storedImageSchema });

export const liveStepSchema = z.discriminatedUnion('step', [
  submitStep,
  holdStep,
  pollStep,
  storeStep,
  finishStep,
]);

/**
 * The render has failed; its receipt, dead letter and webhook are being written. `resume` is the step with which a
 * redrive continues. `attemptsMade` is the job's count when the render failed. BullMQ raises the count when the job
 * ends. So a run that finds the same count completes a burial that a crash interrupted, and a run that finds another
 * count is a redrive.
 */
const buryStep = z.strictObject({
  step: z.literal('bury'),
  failure: failureSchema,
  resume: liveStepSchema,
  attemptsMade: z.number().int(),
  /** The end was written before the queue lost the job: only the job and its dead letter are written again. */
  restored: z.literal(true).optional(),
});

/** The render is canceled; its receipt and webhook are being written. `from` is the step that the cancel ended. */
const cancelStep = z.strictObject({
  step: z.literal('cancel'),
  requestedAt: z.number(),
  from: z.enum(STEPS),
});

const stepSchema = z.discriminatedUnion('step', [
  submitStep,
  holdStep,
  pollStep,
  storeStep,
  finishStep,
  buryStep,
  cancelStep,
]);

/** The `data` of a render job: all that a run needs to continue where the last run stopped. */
export const checkpointSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  renderId: z.string(),
  tenant: z.string(),
  /** The provider of its purchases. */
  provider: providerNameSchema,
  request: jobRequestSchema,
  /** sha256 of the request as received. The same idempotency key with another fingerprint is a conflict. */
  fingerprint: z.string(),
  /** A random token of the request that created the job. By it, the intake knows whether its request created the job. */
  creatorToken: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  /** Unix milliseconds. */
  updatedAt: z.number(),
  /**
   * How often the render had ended before its job was restored. BullMQ counts the ends of a job; a restored job starts
   * at 0 again.
   */
  endsBefore: z.number().int().positive().optional(),
  /** Its run was created, and counts it. Absent: `run` of the request is a plain label. */
  inRun: z.literal(true).optional(),
  /** The render that an operator bought again with this one. */
  copyOf: z.string().optional(),
  /** The number of the current attempt, from 1. */
  attempt: z.number().int().positive(),
  purchases: z.array(purchaseSchema),
  at: stepSchema,
});

export type LiveStep = z.infer<typeof liveStepSchema>;
export type Step = z.infer<typeof stepSchema>;
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** A checkpoint at one certain step. */
export type CheckpointAt<S extends Step['step']> = Checkpoint & { at: Extract<Step, { step: S }> };

/**
 * Reads the data of a render job, of any known version.
 *
 * @throws {NewerDataError}, or zod's error for data that is no checkpoint.
 */
export const readCheckpoint = (data: unknown): Checkpoint =>
  checkpointSchema.parse(upgradePersisted('checkpoint', data));

/** A checkpoint with its JSON, which the intake journal and the queue both write. */
export interface SerializedCheckpoint {
  checkpoint: Checkpoint;
  json: string;
}

export const serializeCheckpoint = (checkpoint: Checkpoint): SerializedCheckpoint => ({
  checkpoint,
  json: JSON.stringify(checkpoint),
});

/** The progress of a render at the start of each step, in percent. A canceled render keeps its last progress. */
export const STEP_PROGRESS = {
  submit: 0,
  hold: 5,
  poll: 10,
  store: 80,
  finish: 95,
  bury: 100,
} as const satisfies Record<Exclude<Step['step'], 'cancel'>, number>;
