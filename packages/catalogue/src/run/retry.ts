import type { FailureCode } from '@darkroom/api';
import { z } from 'zod';
import type { ManifestEntry } from '../manifest/index.ts';

/** What a run buys that retries another one: `retry` of its request. */
export const retrySchema = z.strictObject({
  /** The run whose items it buys again. */
  of: z.string(),
  /** Also items that the deadline, the budget or a cancel left out. */
  notBought: z.boolean(),
  /** Only items with these errors. Null: all, except those whose image may be paid for. */
  codes: z.array(z.string()).nullable(),
  /** US dollars: the price that was shown. A run that is dearer stops. Null: no price was shown. */
  price: z.string().nullable(),
});
export type Retry = z.infer<typeof retrySchema>;

/** Failures after which an image may be paid for. A redrive of the render gets it, and buys nothing twice. */
const MAY_BE_PAID: readonly string[] = [
  'submission_unknown',
  'task_lost',
  'task_timeout',
  'result_host_refused',
  'worker_lost',
  'internal_error',
  // Its render was canceled after it was bought.
  'canceled',
] satisfies (FailureCode | 'canceled')[];

/** Failures that come again, because the same request is sent. */
const FAILS_AGAIN: readonly string[] = [
  'content_policy_violation',
  'invalid_request',
] satisfies FailureCode[];

type Outcome = Pick<ManifestEntry, 'status' | 'error'>;

export const mayBePaid = ({ status, error }: Outcome): boolean =>
  status === 'failed' && MAY_BE_PAID.includes(error?.code ?? '');

export const wouldFailAgain = ({ status, error }: Outcome): boolean =>
  status === 'failed' && FAILS_AGAIN.includes(error?.code ?? '');

/** Whether a retry buys this item. */
export function isRetried(outcome: Outcome, { notBought, codes }: Omit<Retry, 'of' | 'price'>): boolean {
  const { status, error } = outcome;
  if (status !== 'failed' && !(notBought && status === 'not_bought')) return false;
  return codes === null ? !mayBePaid(outcome) : codes.includes(error?.code ?? '');
}
