/** What became of one POST. Reasons name no more of a URL than its host (I8). */
export type PostAnswer =
  | { kind: 'taken'; status: number }
  /** 410: the receiver wants no more of it. */
  | { kind: 'gone'; reason: string }
  /** It must not be sent there. */
  | { kind: 'refused'; reason: string }
  /** Network, timeout, or a status that is no 2xx; may be better next time. */
  | { kind: 'failed'; reason: string; retryAfterMs?: number };

/** What a receiver's answer means. Pure. @param now Unix milliseconds. */
export function judge(status: number, retryAfter: string | string[] | undefined, now: number): PostAnswer {
  if (status >= 200 && status < 300) return { kind: 'taken', status };
  if (status === 410) return { kind: 'gone', reason: 'HTTP 410: the receiver wants no more webhooks' };
  const redirect = status >= 300 && status < 400 && status !== 304;
  const reason = `HTTP ${status}${redirect ? ', and redirects are not followed' : ''}`;
  const hintMs = status === 429 || status === 503 ? hintOf(retryAfter, now) : undefined;
  return hintMs === undefined ? { kind: 'failed', reason } : { kind: 'failed', reason, retryAfterMs: hintMs };
}

/** `Retry-After` in seconds or as a date, in ms from `now`. */
function hintOf(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Dates of HTTP begin with a weekday; `Date.parse` takes much else for one.
  const ms = /^[A-Z]/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? ms : undefined;
}
