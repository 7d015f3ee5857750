import { FINAL_STATUSES, STEPS } from '@darkroom/api';
import { z } from 'zod';
import { purchaseSchema } from './checkpoint.ts';
import { DATA_VERSION, upgradePersisted } from './data-version.ts';
import { failureSchema } from './failure.ts';
import { storedImageSchema } from './image.ts';
import { jobRequestSchema } from './job-request.ts';
import { noteSchema } from './note.ts';

/** The last word on a render, kept in the store beyond the queue's retention. */
export const receiptSchema = z.object({
  version: z.literal(DATA_VERSION),
  renderId: z.string(),
  tenant: z.string(),
  status: z.enum(FINAL_STATUSES),
  request: jobRequestSchema,
  fingerprint: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  finishedAt: z.number(),
  attempts: z.number().int(),
  purchases: z.array(purchaseSchema),
  /** Micro-dollars, refunds taken off. */
  costMicros: z.number().int(),
  image: storedImageSchema.optional(),
  failure: failureSchema.optional(),
  /** When (Unix ms) somebody asked to cancel it, and the step that it stood at. */
  canceled: z.strictObject({ requestedAt: z.number(), from: z.enum(STEPS) }).optional(),
  /** What happened, as its job's log told it; oldest first. */
  notes: z.array(noteSchema).optional(),
});

export type Receipt = z.infer<typeof receiptSchema>;

/** A stored receipt, whichever version wrote it. @throws {NewerDataError}, or zod's error where it is no receipt. */
export const readReceipt = (value: unknown): Receipt =>
  receiptSchema.parse(upgradePersisted('receipt', value));

/** What a render has cost so far, in micro-dollars. */
export function sumCost(purchases: z.infer<typeof purchaseSchema>[]): number {
  return purchases.reduce((sum, purchase) => sum + (purchase.refunded ? 0 : purchase.costMicros), 0);
}
