import type { FailureCode } from '@darkroom/api';
import type { ManifestEntry } from './entry.ts';

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

/** What became of an item. */
export type ManifestOutcome = Pick<ManifestEntry, 'status' | 'error'>;

export const mayBePaid = ({ status, error }: ManifestOutcome): boolean =>
  status === 'failed' && MAY_BE_PAID.includes(error?.code ?? '');

export const wouldFailAgain = ({ status, error }: ManifestOutcome): boolean =>
  status === 'failed' && FAILS_AGAIN.includes(error?.code ?? '');
