import { parseRetryAfter } from '../net/index.ts';

/** The result of one POST. A reason names at most the host of a URL (I8). */
export type PostAnswer =
  | { kind: 'acknowledged'; status: number }
  /** 410: the receiver wants no more webhooks. */
  | { kind: 'gone'; reason: string }
  /** The webhook must not be sent to this address. */
  | { kind: 'refused'; reason: string }
  /** Network error, timeout, or a status that is no 2xx. The next try may succeed. */
  | { kind: 'failed'; reason: string; retryAfterMs?: number };

/** What a receiver's response means. Pure. @param now Unix milliseconds. */
export function classifyResponse(
  status: number,
  retryAfter: string | string[] | undefined,
  now: number,
): PostAnswer {
  if (status >= 200 && status < 300) return { kind: 'acknowledged', status };
  if (status === 410) return { kind: 'gone', reason: 'HTTP 410: the receiver wants no more webhooks' };
  const redirect = status >= 300 && status < 400 && status !== 304;
  const reason = `HTTP ${status}${redirect ? ', and redirects are not followed' : ''}`;
  const retryAfterMs = status === 429 || status === 503 ? parseRetryAfter(retryAfter, now) : undefined;
  return { kind: 'failed', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
