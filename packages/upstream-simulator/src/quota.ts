import type { Clock } from './clock.ts';

/** The provider's default group: 300/min submissions and 3000/min queries, each with a burst. */
export interface Quota {
  submitPerSecond: number;
  submitBurst: number;
  queryPerSecond: number;
  queryBurst: number;
}

export const DEFAULT_QUOTA: Quota = {
  submitPerSecond: 5,
  submitBurst: 50,
  queryPerSecond: 50,
  queryBurst: 500,
};

export type QuotaCategory = 'async_submit' | 'async_query';

export interface QuotaDecision {
  allowed: boolean;
  /** The X-RateLimit-* headers, and Retry-After when the request is refused. */
  headers: Record<string, string>;
}

/** A token bucket that gains `perSecond` tokens per second, up to `burst`. */
class TokenBucket {
  readonly category: QuotaCategory;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(category: QuotaCategory, perSecond: number, burst: number, clock: Clock) {
    this.category = category;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  takeToken(): QuotaDecision {
    this.#fill();
    const allowed = this.#tokens >= 1;
    if (allowed) this.#tokens -= 1;
    return { allowed, headers: this.#headers(allowed) };
  }

  returnToken(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  #fill(): void {
    const now = this.#clock.now();
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed / 1000) * this.#perSecond);
  }

  #headers(allowed: boolean): Record<string, string> {
    const secondsToFull = (this.#burst - this.#tokens) / this.#perSecond;
    const headers: Record<string, string> = {
      'x-ratelimit-limit': String(Math.round(this.#perSecond * 60)),
      'x-ratelimit-remaining': String(Math.floor(this.#tokens)),
      'x-ratelimit-reset': String(Math.ceil(this.#clock.now() / 1000 + secondsToFull)),
      'x-ratelimit-category': this.category,
    };
    if (!allowed) {
      headers['retry-after'] = String(Math.max(1, Math.ceil((1 - this.#tokens) / this.#perSecond)));
    }
    return headers;
  }
}

/** The quota of the account. All API keys share it. */
export interface AccountQuota {
  takeToken(category: QuotaCategory): QuotaDecision;
  /** Returns the token of a request that a fault answered with 429: it must not count. */
  returnToken(category: QuotaCategory): void;
}

const UNLIMITED: AccountQuota = { takeToken: () => ({ allowed: true, headers: {} }), returnToken() {} };

export function createAccountQuota(quota: Quota | null, clock: Clock): AccountQuota {
  if (quota === null) return UNLIMITED;
  const buckets = {
    async_submit: new TokenBucket('async_submit', quota.submitPerSecond, quota.submitBurst, clock),
    async_query: new TokenBucket('async_query', quota.queryPerSecond, quota.queryBurst, clock),
  };
  return {
    takeToken: (category) => buckets[category].takeToken(),
    returnToken: (category) => buckets[category].returnToken(),
  };
}
