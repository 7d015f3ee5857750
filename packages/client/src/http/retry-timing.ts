import { expectMilliseconds } from '../validate-options.ts';

/** How requests that failed are sent again. */
export interface RetryOptions {
  /** How often a request is sent at most, the first time included. @default 6 */
  tries?: number | undefined;
  /** Milliseconds; doubled with each failure in a row. @default 500 */
  baseMs?: number | undefined;
  /** Milliseconds that a pause lasts at most. @default 15_000 */
  maxMs?: number | undefined;
  /** A `Retry-After` of more milliseconds ends the tries: the caller is told instead. @default 60_000 */
  maxRetryAfterMs?: number | undefined;
}

export type RetryPolicy = { [option in keyof RetryOptions]-?: number };

/** @throws TypeError for what would try for ever, or never. */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  // Not spread: callers' own options are often there and undefined.
  const { tries = 6, baseMs = 500, maxMs = 15_000, maxRetryAfterMs = 60_000 } = options;
  if (!(typeof tries === 'number' && tries >= 1)) throw new TypeError('retry.tries: expected 1 or more');
  for (const [name, value] of Object.entries({ baseMs, maxMs, maxRetryAfterMs }))
    expectMilliseconds(`retry.${name}`, value, 0);
  return { tries, baseMs, maxMs, maxRetryAfterMs };
}

/**
 * Milliseconds to wait after the n-th failure in a row: what the server asked for first, else capped backoff with
 * full jitter. Pure.
 *
 * @returns `undefined` when the server asked for more than the policy waits.
 */
export function retryDelay(
  failures: number,
  retryAfterMs: number | undefined,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  // Those who were all sent away at once shall not all come back at once.
  if (retryAfterMs !== undefined)
    return retryAfterMs > policy.maxRetryAfterMs ? undefined : retryAfterMs + random * policy.baseMs;
  return random * Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
}

/** `Retry-After`, in seconds or as a date, as milliseconds from now. */
export function retryAfterOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
