import { z } from 'zod';

/** Why a render died. Stable: callers, dead letters, metrics and docs use these words. */
export const FAILURE_CODES = [
  'invalid_request',
  'content_policy_violation',
  'submission_unknown',
  'upstream_unreachable',
  'task_lost',
  'task_timeout',
  'generation_failed',
  'result_expired',
  'result_host_refused',
  'worker_lost',
  'internal_error',
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

export const STEPS = ['submit', 'hold', 'poll', 'store', 'finish'] as const;
export type StepName = (typeof STEPS)[number];

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
