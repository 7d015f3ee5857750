import { STEPS } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION, upgradePersisted } from './data-version.ts';
import { failureSchema } from './failure.ts';
import { storedImageSchema } from './image.ts';
import { jobRequestSchema } from './job-request.ts';
import { providerNameSchema } from './provider-name.ts';

/** One purchase of a render that the provider accepted. `cost` in micro-dollars, as configured, until refunded. */
export const purchaseSchema = z.strictObject({
  provider: providerNameSchema,
  attempt: z.number().int().positive(),
  taskId: z.string(),
  /** Unix milliseconds. */
  acceptedAt: z.number(),
  costMicros: z.number().int(),
  refunded: z.boolean(),
});

const submitStep = z.strictObject({ step: z.literal('submit') });

/** The outcome of a submission is unknown: wait for the provider to tell, until `until` (Unix ms). */
const holdStep = z.strictObject({ step: z.literal('hold'), reason: z.string(), until: z.number() });

const pollStep = z.strictObject({
  step: z.literal('poll'),
  taskId: z.string(),
  /** Unix milliseconds: when the provider took the task, and when we stop believing in it. */
  acceptedAt: z.number(),
  deadlineAt: z.number(),
  polls: z.number().int(),
  /** When (Unix ms) a look last said that the task was not finished. */
  lastPendingAt: z.number().optional(),
  /** The provider's own, 0-100. */
  progress: z.number(),
  /** Since when (Unix ms) every look said 404. */
  missingSince: z.number().optional(),
});

const storeStep = z.strictObject({
  step: z.literal('store'),
  taskId: z.string(),
  /** Unix milliseconds; after it the image must be bought again. */
  expiresAt: z.number(),
});

const finishStep = z.strictObject({ step: z.literal('finish'), image: storedImageSchema });

const liveStepSchema = z.discriminatedUnion('step', [submitStep, holdStep, pollStep, storeStep, finishStep]);

/**
 * The render is dead and its dead letter, receipt and end are being written. `resume` is where a redrive goes
 * on. `attemptsMade` is the job's count when it died: BullMQ raises it when the job ends, so a run that finds
 * the same number is finishing a burial that a crash cut short, and one that finds another is a redrive.
 */
const buryStep = z.strictObject({
  step: z.literal('bury'),
  failure: failureSchema,
  resume: liveStepSchema,
  attemptsMade: z.number().int(),
});

/** Somebody canceled it: the receipt and the end are being written. `from` is the step that it stood at. */
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

/** A render job's `data`: everything a run needs to go on where the last one stopped. */
export const checkpointSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  renderId: z.string(),
  tenant: z.string(),
  /** Where its purchases are made. */
  provider: providerNameSchema,
  request: jobRequestSchema,
  /** sha256 of the request as it came: the same idempotency key with another one is a conflict. */
  fingerprint: z.string(),
  /** Drawn at the door; tells the caller who created the job from one who found it. */
  creatorToken: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  updatedAt: z.number(),
  /** The number of the purchase that is under way, from 1. */
  attempt: z.number().int().positive(),
  purchases: z.array(purchaseSchema),
  at: stepSchema,
});

export type Purchase = z.infer<typeof purchaseSchema>;
export type LiveStep = z.infer<typeof liveStepSchema>;
export type Step = z.infer<typeof stepSchema>;
export type Checkpoint = z.infer<typeof checkpointSchema>;

/** A checkpoint that stands at one certain step. */
export type CheckpointAt<S extends Step['step']> = Checkpoint & { at: Extract<Step, { step: S }> };

/**
 * A render job's data as a checkpoint, whichever version wrote it.
 *
 * @throws {NewerDataError}, or zod's error where it is no checkpoint.
 */
export const readCheckpoint = (data: unknown): Checkpoint =>
  checkpointSchema.parse(upgradePersisted('checkpoint', data));
