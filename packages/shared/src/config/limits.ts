import type { LimitName } from '@darkroom/api';
import { MAX_CONCURRENCY, type Settings } from './settings.ts';

/** A limit as the settings have it, and the values that an operator can set. */
export interface LimitRange {
  base: number;
  minimum: number;
  maximum: number;
}

/** With fewer per minute, the window of the quota would be so long that a change takes effect too late. */
const MIN_SUBMISSIONS_PER_MINUTE = 30;

/** The limits that operators change while the workers run. */
export function readLimitRanges(settings: Settings): Record<LimitName, LimitRange> {
  const submissions = settings.TOAPIS_SUBMIT_PER_SECOND * 60;
  const polls = settings.TOAPIS_QUERY_PER_SECOND;
  return {
    'submissions-per-minute': {
      base: submissions,
      minimum: MIN_SUBMISSIONS_PER_MINUTE,
      maximum: settings.MAX_SUBMISSIONS_PER_MINUTE ?? submissions * 2,
    },
    'polls-per-second': { base: polls, minimum: 1, maximum: settings.MAX_POLLS_PER_SECOND ?? polls * 2 },
    'render-concurrency': concurrency(settings.RENDER_CONCURRENCY, MAX_CONCURRENCY.render),
    'submit-concurrency': concurrency(settings.SUBMIT_CONCURRENCY, MAX_CONCURRENCY.submit),
    'store-concurrency': concurrency(settings.STORE_CONCURRENCY, MAX_CONCURRENCY.store),
    'webhook-concurrency': concurrency(settings.WEBHOOK_CONCURRENCY, MAX_CONCURRENCY.webhook),
  };
}

const concurrency = (base: number, maximum: number): LimitRange => ({ base, minimum: 1, maximum });
