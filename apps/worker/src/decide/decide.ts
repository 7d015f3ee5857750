import type { FailureCode } from '@darkroom/api';
import { backoffMs } from './backoff.ts';
import type { Situation } from './situation.ts';
import { checkGrace } from './time-limit.ts';

/** Everything that can keep a render from going on. An unexpected error is not listed: it always fails the job. */
export type Trouble =
  /** 429, or 503 `rate_limit_unavailable`, on a submission. */
  | { kind: 'rate_limited'; retryAfterMs: number }
  /** The provider itself did not answer a free call, so nothing was submitted. */
  | { kind: 'provider_unproven' }
  /** Certainly not bought: no connection, or a 503 with the provider's own error. */
  | { kind: 'not_bought'; retryAfterMs?: number | undefined }
  /** The submission was sent and its answer was lost. `deadlineAt` is absent until the render is held. */
  | { kind: 'outcome_unknown' }
  | { kind: 'refused'; code: 'invalid_request' | 'content_policy_violation' }
  /** The account cannot buy at present, so nothing was submitted. */
  | { kind: 'account_stopped' }
  /** A budget has not enough left. `renewsAt` (Unix ms) is absent if it never renews. */
  | { kind: 'over_budget'; renewsAt: number | undefined }
  /** The sums of the budgets are being filled. */
  | { kind: 'budgets_not_ready' }
  /**
   * The account refused the submission. `refusals`: how often it refused this render although it was healthy.
   * `hasBoughtSince`: it has bought for other renders since it first refused this one.
   */
  | {
      kind: 'account_refused';
      reason: 'unauthorized' | 'insufficient_quota';
      refusals: number;
      hasBoughtSince: boolean;
    }
  /** BullMQ failed a child because its workers died too often. */
  | { kind: 'worker_lost' }
  /** The account's poll quota of this second is used up. */
  | { kind: 'poll_quota_used'; retryAfterMs: number }
  /** The task is not finished. `nextPollMs` is the delay that the poll planner asks for. */
  | { kind: 'task_pending'; nextPollMs: number }
  /** A poll without a readable status: network error, 5xx, 429, HTML, bad JSON. */
  | { kind: 'poll_failed'; retryAfterMs?: number | undefined }
  | { kind: 'task_missing' }
  /** The provider gave up and refunded. `content`: because of the content policy. */
  | { kind: 'task_failed'; content: boolean }
  /** Network error, 5xx, truncated, or not an image. */
  | { kind: 'download_failed' }
  /** The file host itself says 403, 404 or 410, though the result has not expired. */
  | { kind: 'result_gone' }
  | { kind: 'host_refused' }
  | { kind: 'result_expired' }
  /** Our own object store is away. */
  | { kind: 'store_away' };

export type Decision =
  /** Costs an attempt of the step. */
  | { kind: 'retry'; afterMs: number }
  /** Costs nothing (I4). `stopAccount`: nothing is submitted until the account can buy again. */
  | { kind: 'wait'; afterMs: number; stopAccount?: 'unauthorized' | 'insufficient_quota' }
  /** All jobs of the queue wait. Costs nothing (I4). */
  | { kind: 'wait-all'; afterMs: number }
  /** Wait until `until` (Unix ms) for an acceptance in the ledger; read the ledger again after `afterMs`. */
  | { kind: 'hold'; until: number; afterMs: number }
  | { kind: 'buy-again' }
  /** `redrive`: where a redrive goes on. */
  | { kind: 'dead'; code: FailureCode; redrive: 'same-step' | 'new-purchase' };

interface Pace {
  baseMs: number;
  capMs: number;
}
const SUBMIT: Pace = { baseMs: 1000, capMs: 300_000 };
const POLL: Pace = { baseMs: 2000, capMs: 30_000 };
const DOWNLOAD: Pace = { baseMs: 1000, capMs: 300_000 };
const ACCOUNT_REFUSED: Pace = { baseMs: 5000, capMs: 60_000 };
/** The same pace for each try: these waits are not counted. */
const STORE_AWAY: Pace = { baseMs: 4000, capMs: 4000 };
const UNPROVEN: Pace = { baseMs: 5000, capMs: 5000 };
const BUDGETS_NOT_READY: Pace = { baseMs: 1000, capMs: 1000 };
/** Workers wake waiting renders when a budget is raised or money comes back. This is for the case that none did. */
export const MAX_OVER_BUDGET_MS = 3_600_000;
/** All renders that wait for the renewal go on within this time. */
const RENEWAL_SPREAD_MS = 10_000;
const ACCOUNT_STOPPED: Pace = { baseMs: 5000, capMs: 5000 };

/** A render that a healthy account refuses this often is at fault itself. */
const MAX_ACCOUNT_REFUSALS = 3;

/** A file host may need a moment for a new file. A host that denies the file this often has lost it. */
const MAX_GONE_TRIES = 5;

const HOLD_CHECK_MS = { min: 5_000, max: 60_000 };

/**
 * What a trouble means for a render. This function is the whole policy: no stage decides by itself. Only the tries of
 * webhooks have their own schedule, in webhook-schedule.ts of `@darkroom/shared/webhooks`.
 */
export function decide(trouble: Trouble, at: Situation): Decision {
  const backoff = (pace: Pace, hintMs?: number) =>
    backoffMs({ ...pace, tries: at.tries, random: at.random, hintMs });
  switch (trouble.kind) {
    case 'rate_limited':
      return { kind: 'wait-all', afterMs: trouble.retryAfterMs };
    case 'provider_unproven':
      return { kind: 'wait-all', afterMs: backoff(UNPROVEN) };
    case 'not_bought':
      return at.tries >= at.limits.submitAttempts
        ? fail('upstream_unreachable')
        : { kind: 'retry', afterMs: backoff(SUBMIT, trouble.retryAfterMs) };
    case 'outcome_unknown':
      return decideUnknown(at);
    case 'refused':
      return fail(trouble.code);
    case 'account_stopped':
      return { kind: 'wait-all', afterMs: backoff(ACCOUNT_STOPPED) };
    case 'over_budget': {
      const checkMs = (MAX_OVER_BUDGET_MS / 2) * (1 + at.random);
      const renewalMs =
        (trouble.renewsAt ?? Number.POSITIVE_INFINITY) - at.now + at.random * RENEWAL_SPREAD_MS;
      return { kind: 'wait', afterMs: Math.ceil(Math.min(checkMs, Math.max(renewalMs, 1))) };
    }
    case 'budgets_not_ready':
      return { kind: 'wait-all', afterMs: backoff(BUDGETS_NOT_READY) };
    case 'account_refused': {
      if (trouble.refusals >= MAX_ACCOUNT_REFUSALS) return fail('account_refused');
      const afterMs = backoff(ACCOUNT_REFUSED);
      // The account is fine: only this render waits.
      return trouble.hasBoughtSince
        ? { kind: 'wait', afterMs }
        : { kind: 'wait', afterMs, stopAccount: trouble.reason };
    }
    case 'worker_lost':
      return fail('worker_lost');
    case 'poll_quota_used':
      return { kind: 'wait', afterMs: backoff(POLL, trouble.retryAfterMs) };
    case 'task_pending':
      return at.isOver ? fail('task_timeout') : { kind: 'wait', afterMs: trouble.nextPollMs };
    case 'poll_failed':
      return at.isOver
        ? fail('task_timeout')
        : { kind: 'wait', afterMs: backoff(POLL, trouble.retryAfterMs) };
    case 'task_missing':
      return at.isOver ? fail('task_lost') : { kind: 'wait', afterMs: backoff(POLL) };
    case 'task_failed':
      return trouble.content
        ? fail('content_policy_violation', 'new-purchase')
        : buyAgainOrFail('generation_failed', at);
    case 'download_failed': {
      const afterMs = backoff(DOWNLOAD);
      // A retry after the expiry cannot succeed.
      return at.deadlineAt !== undefined && at.now + afterMs >= at.deadlineAt
        ? buyAgainOrFail('result_expired', at)
        : { kind: 'retry', afterMs };
    }
    case 'result_gone':
      return at.tries >= MAX_GONE_TRIES
        ? buyAgainOrFail('result_expired', at)
        : decide({ kind: 'download_failed' }, at);
    case 'host_refused':
      return fail('result_host_refused');
    case 'result_expired':
      return buyAgainOrFail('result_expired', at);
    case 'store_away':
      return { kind: 'wait', afterMs: backoff(STORE_AWAY) };
  }
}

/** An unknown purchase is held. It is never retried, because that may buy twice (I2), unless the operator accepts it. */
function decideUnknown(at: Situation): Decision {
  const until = at.deadlineAt ?? at.now + at.limits.unknownGraceMs;
  const leftMs = until - at.now;
  if (at.deadlineAt === undefined || leftMs > 0) {
    const checkMs = Math.min(Math.max(leftMs / 4, HOLD_CHECK_MS.min), HOLD_CHECK_MS.max);
    return { kind: 'hold', until, afterMs: Math.min(leftMs, checkMs) };
  }
  // One check found the limit passed: the second one decides.
  if (!at.isOver) return { kind: 'hold', until, afterMs: checkGrace(at.limits.unknownGraceMs) };
  return at.limits.resubmitUnknown
    ? buyAgainOrFail('submission_unknown', at, 'same-step')
    : fail('submission_unknown');
}

type Redrive = Extract<Decision, { kind: 'dead' }>['redrive'];

const fail = (code: FailureCode, redrive: Redrive = 'same-step'): Decision => ({
  kind: 'dead',
  code,
  redrive,
});

const buyAgainOrFail = (code: FailureCode, at: Situation, redrive: Redrive = 'new-purchase'): Decision =>
  at.attempt === undefined || at.attempt < at.limits.maxPurchases
    ? { kind: 'buy-again' }
    : fail(code, redrive);
