import { FINAL_STATUSES, STEPS } from '@darkroom/api';
import { z } from 'zod';
import { type LiveStep, liveStepSchema } from './checkpoint.ts';
import { DATA_VERSION, upgradePersisted } from './data-version.ts';
import { type JobRequest, jobRequestSchema } from './job-request.ts';
import { type Cost, costSchema, type Purchase, purchaseSchema } from './purchases.ts';
import {
  type EarlierFailure,
  earlierFailureSchema,
  type Failure,
  failureSchema,
  noteSchema,
  storedImageSchema,
} from './record-parts.ts';

/** The final record of a render, in the store. It stays there after the queue's retention. */
export const receiptSchema = z.object({
  version: z.literal(DATA_VERSION),
  renderId: z.string(),
  tenant: z.string(),
  status: z.enum(FINAL_STATUSES),
  request: jobRequestSchema,
  fingerprint: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  /** Unix milliseconds. */
  finishedAt: z.number(),
  attempts: z.number().int(),
  purchases: z.array(purchaseSchema),
  cost: costSchema,
  /** As in the checkpoint. */
  inRun: z.literal(true).optional(),
  /** As in the checkpoint. */
  copyOf: z.string().optional(),
  image: storedImageSchema.optional(),
  failure: failureSchema.optional(),
  /** Of a failed render: the step with which a redrive continues, and the number of its attempt. */
  resume: liveStepSchema.optional(),
  resumeAttempt: z.number().int().positive().optional(),
  /** When (Unix ms) a redrive of this end began. The next end writes a new receipt. */
  redrivenAt: z.number().optional(),
  /** How often the render had ended before this end. Absent: never. */
  priorEnds: z.number().int().positive().optional(),
  /** The failures before the redrives, oldest first; of very many, the last ones. */
  earlierFailures: z.array(earlierFailureSchema).optional(),
  /** When (Unix ms) a caller asked to cancel it, and the step that the cancel ended. */
  canceled: z.strictObject({ requestedAt: z.number(), from: z.enum(STEPS) }).optional(),
  /** The timeline from its job's log, oldest first. */
  notes: z.array(noteSchema).optional(),
});

export type Receipt = z.infer<typeof receiptSchema>;

/** Reads a receipt of any known version. @throws {NewerDataError}, or zod's error for a value that is no receipt. */
export const readReceipt = (value: unknown): Receipt =>
  receiptSchema.parse(upgradePersisted('receipt', value));

/** An entry of the `dead-letter` queue. Its job id is the render's id. */
export interface DeadLetter {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  failure: Failure;
  /** Attempts that were started, with the failed ones. */
  attempts: number;
  purchases: Purchase[];
  cost: Cost;
  /** Unix milliseconds. Only while a paid image is not stored yet. */
  resultExpiresAt?: number;
  request: JobRequest;
  createdAt: number;
  /** The step with which a redrive continues, and the number of its attempt. Absent in letters of an earlier release. */
  resume?: { step: LiveStep['step']; attempt: number };
  /** How often the render had ended before this end. Absent: never. */
  priorEnds?: number;
  /** As in the receipt. */
  earlierFailures?: EarlierFailure[];
}
