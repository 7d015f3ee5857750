import { validateMilliseconds } from '../validate-options.ts';

/** How the client retries failed requests. */
export interface RetryOptions {
  /** How often a request is sent at most, including the first time. @default 6 */
  tries?: number | undefined;
  /** Upper limit of the first delay, in milliseconds. It doubles with each failure in a row. @default 500 */
  baseMs?: number | undefined;
  /** Upper limit of all delays, in milliseconds. @default 15_000 */
  maxMs?: number | undefined;
  /** With a longer `Retry-After`, in milliseconds, the client does not retry and the call fails. @default 60_000 */
  maxRetryAfterMs?: number | undefined;
  /**
   * How long `createMany` repeats its calls while the server restores renders, in milliseconds. A restore of 100,000
   * renders takes longer than all `tries`. @default 600_000
   */
  maxRestoreMs?: number | undefined;
}

/** The options with their defaults. */
export type RetryPolicy = { [option in keyof RetryOptions]-?: number };

/** @throws TypeError for an option that is not valid, such as `NaN`, with which the client would never stop. */
export function resolveRetryPolicy(options: RetryOptions = {}): RetryPolicy {
  // Spreading the options over the defaults would replace a default by `undefined`.
  const {
    tries = 6,
    baseMs = 500,
    maxMs = 15_000,
    maxRetryAfterMs = 60_000,
    maxRestoreMs = 600_000,
  } = options;
  if (!(typeof tries === 'number' && tries >= 1)) throw new TypeError('retry.tries: expected at least 1');
  for (const [name, value] of Object.entries({ baseMs, maxMs, maxRetryAfterMs, maxRestoreMs }))
    validateMilliseconds(`retry.${name}`, value, 0);
  return { tries, baseMs, maxMs, maxRetryAfterMs, maxRestoreMs };
}

/**
 * The delay before the next try: `Retry-After` if the server sent one, otherwise exponential backoff with full jitter.
 *
 * @param failures failures in a row, from 1
 * @param random in [0, 1)
 * @returns milliseconds; `undefined` when `Retry-After` is longer than the policy allows.
 */
export function nextRetryDelay(
  failures: number,
  retryAfterMs: number | undefined,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  // The jitter keeps clients that got the same `Retry-After` from returning at the same moment.
  if (retryAfterMs !== undefined)
    return retryAfterMs > policy.maxRetryAfterMs ? undefined : retryAfterMs + random * policy.baseMs;
  return random * Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
}

/** Parses a `Retry-After` header, in seconds or as a date. @returns milliseconds from now */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
