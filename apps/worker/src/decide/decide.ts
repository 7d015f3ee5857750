import { type FailureCode } from '@darkroom/api';

import { backoffMs } from './backoff.ts';

/** Everything that can go wrong in a render's life; the rows of the failure table. */
export type Trouble =
  /** 429, or 503 `rate_limit_unavailable`, on a submission. */
  | { kind: 'rate_limited'; retryAfterMs: number }
  /** Certainly not bought: no connection, or a 503 in the provider's own words. */
  | { kind: 'not_bought'; retryAfterMs?: number | undefined }
  /** Sent, and the answer was lost. */
  | { kind: 'outcome_unknown' }
  | { kind: 'refused'; code: 'invalid_request' | 'content_policy_violation' }
  | { kind: 'account_stopped'; reason: 'unauthorized' | 'insufficient_quota' }
  /** A look that told nothing: network, 5xx, 429, HTML, bad JSON. */
  | { kind: 'look_failed'; retryAfterMs?: number | undefined }
  | { kind: 'task_missing' }
  | { kind: 'task_failed'; content: boolean }
  /** Network, 5xx, truncated, or not an image. */
  | { kind: 'download_failed' }
  /** The file host says that the result is not there (403, 404, 410), though its time is not up. */
  | { kind: 'result_gone' }
  | { kind: 'host_refused' }
  | { kind: 'result_expired' }
  /** Our own store or engine is away. */
  | { kind: 'own_parts_away' }
  | { kind: 'bug' };

export interface Situation {
  /** Unix ms. */
  now: number;
  /** In [0, 1). */
  random: number;
  /** Tries of this step so far, this one included. */
  tries: number;
  /** Purchases begun so far, this one included. */
  attempt: number;
  /** Unix ms, where the step has one: when a task counts as lost, when a result expires. */
  deadlineAt?: number;
  /** Unix ms since when the task was answered with 404. */
  missingSince?: number;
  limits: {
    submitAttempts: number;
    maxPurchases: number;
    missingGraceMs: number;
    unknownGraceMs: number;
  };
}

export type Decision =
  /** Costs an attempt of the step. */
  | { kind: 'retry'; afterMs: number }
  /** Costs nothing (I4). `everyone`: the whole queue waits. `pause`: until the account is back. */
  | { kind: 'wait'; afterMs: number; everyone?: true; pause?: 'unauthorized' | 'insufficient_quota' }
  /** Wait for the provider's word on an unknown submission. */
  | { kind: 'hold'; until: number }
  | { kind: 'buy-again' }
  | { kind: 'dead'; code: FailureCode };

const SUBMIT = { baseMs: 1000, capMs: 300_000 };
const LOOK = { baseMs: 2000, capMs: 30_000 };
const DOWNLOAD = { baseMs: 1000, capMs: 300_000 };
/** A file host may need a moment for a new file; one that denies it this often has lost it. */
const GONE_TRIES = 5;
const OWN = { baseMs: 1000, capMs: 15_000 };

/** What trouble means for a render. Pure: the whole policy is this function. */
export function decide(trouble: Trouble, at: Situation): Decision {
  const wait = (pace: typeof SUBMIT, hintMs?: number) =>
    backoffMs({ ...pace, tries: at.tries, random: at.random, hintMs });
  switch (trouble.kind) {
    case 'rate_limited':
      return { kind: 'wait', afterMs: trouble.retryAfterMs, everyone: true };
    case 'not_bought':
      return at.tries >= at.limits.submitAttempts
        ? { kind: 'dead', code: 'upstream_unreachable' }
        : { kind: 'retry', afterMs: wait(SUBMIT, trouble.retryAfterMs) };
    case 'outcome_unknown':
      return { kind: 'hold', until: at.now + at.limits.unknownGraceMs };
    case 'refused':
      return { kind: 'dead', code: trouble.code };
    case 'account_stopped':
      return { kind: 'wait', afterMs: wait(OWN), pause: trouble.reason };
    case 'look_failed':
      return pastDeadline(at)
        ? { kind: 'dead', code: 'task_timeout' }
        : { kind: 'wait', afterMs: wait(LOOK, trouble.retryAfterMs) };
    case 'task_missing':
      return at.missingSince !== undefined && at.now - at.missingSince >= at.limits.missingGraceMs
        ? { kind: 'dead', code: 'task_lost' }
        : { kind: 'wait', afterMs: wait(LOOK) };
    case 'task_failed':
      if (trouble.content) return { kind: 'dead', code: 'content_policy_violation' };
      return buyAgainOr('generation_failed', at);
    case 'download_failed': {
      const afterMs = wait(DOWNLOAD);
      // A try that could only come after the expiry is no try.
      return at.deadlineAt !== undefined && at.now + afterMs >= at.deadlineAt
        ? buyAgainOr('result_expired', at)
        : { kind: 'retry', afterMs };
    }
    case 'result_gone':
      return at.tries >= GONE_TRIES
        ? buyAgainOr('result_expired', at)
        : decide({ kind: 'download_failed' }, at);
    case 'host_refused':
      return { kind: 'dead', code: 'result_host_refused' };
    case 'result_expired':
      return buyAgainOr('result_expired', at);
    case 'own_parts_away':
      return { kind: 'wait', afterMs: wait(OWN) };
    case 'bug':
      return { kind: 'dead', code: 'internal_error' };
  }
}

const pastDeadline = (at: Situation) => at.deadlineAt !== undefined && at.now >= at.deadlineAt;

const buyAgainOr = (code: FailureCode, at: Situation): Decision =>
  at.attempt < at.limits.maxPurchases ? { kind: 'buy-again' } : { kind: 'dead', code };
