import { FAILURE_CODES, STEPS } from '@darkroom/api';
import { z } from 'zod';

/** A death, told once and kept in the checkpoint, the dead letter and the receipt. Scrubbed of secrets (I8). */
export const failureSchema = z.strictObject({
  code: z.enum(FAILURE_CODES),
  message: z.string(),
  step: z.enum(STEPS),
  /** Unix milliseconds. */
  at: z.number(),
  /** Causes, outermost first; a bug's stack is its last element. */
  chain: z.array(z.string()),
});

export type Failure = z.infer<typeof failureSchema>;
