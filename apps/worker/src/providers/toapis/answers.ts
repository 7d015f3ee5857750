import type { AccountStopped, NotBought, RateLimited, Refused } from '../provider.ts';

/** An HTTP answer, read to its end. */
export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The provider's error in any of the envelopes that were seen. */
export interface ProviderError {
  code: string;
  message: string;
}

type Json = Record<string, unknown>;

/** The body as a JSON object, or `undefined` for HTML, arrays, and everything else. */
export function jsonOf(reply: Reply): Json | undefined {
  try {
    const value: unknown = JSON.parse(reply.body);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `{"error":{code,message}}`, `{"message"}` and `{"success":false,"message"}`. */
export function errorOf(json: Json | undefined): ProviderError {
  const inner = json?.error;
  if (inner !== null && typeof inner === 'object') {
    const error = inner as Json;
    const code = [error.code, error.type].map(text).find((word) => word && !/^\d+$/.test(word)) ?? '';
    return { code, message: shorten(text(error.message)) };
  }
  return { code: text(json?.code), message: shorten(text(inner) || text(json?.message)) };
}

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const shorten = (message: string) => (message.length > 500 ? `${message.slice(0, 500)}…` : message);

// A refusal for content comes under several codes and in two languages.
const CONTENT =
  /content.?polic|policy.?violation|safety|sensitive|moderation|prohibited|nsfw|违规|敏感|审核|不安全/i;

export const isContentRefusal = (error: ProviderError) =>
  CONTENT.test(error.code) || CONTENT.test(error.message);

/** `Retry-After` in seconds or as a date, as milliseconds from `now`; at least a second, at most ten minutes. */
export function retryAfterOf(reply: Reply, now: number): number | undefined {
  const header = reply.headers['retry-after'];
  const value = Array.isArray(header) ? header[0] : header;
  if (!value) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 1000), 600_000) : undefined;
}

const DEFAULT_BACK_OFF_MS = 2000;

/**
 * What a refusal means that was certainly no purchase: 4xx, 429, and a 503 in the provider's own words.
 * `undefined` where that cannot be said, as for gateways' pages and other 5xx.
 */
export function refusalOf(
  reply: Reply,
  now: number,
): RateLimited | AccountStopped | Refused | NotBought | undefined {
  const json = jsonOf(reply);
  const error = errorOf(json);
  const retryAfterMs = retryAfterOf(reply, now);
  const message = error.message || `HTTP ${reply.status}`;
  switch (reply.status) {
    case 400:
    case 413:
    case 415:
      return {
        kind: 'refused',
        code: isContentRefusal(error) ? 'content_policy_violation' : 'invalid_request',
        message,
      };
    case 422:
      return {
        kind: 'refused',
        code: error.code === 'invalid_request' ? 'invalid_request' : 'content_policy_violation',
        message,
      };
    case 401:
    case 403:
      return { kind: 'account', reason: 'unauthorized', message };
    case 402:
      return { kind: 'account', reason: 'insufficient_quota', message };
    case 429:
      return { kind: 'rate_limited', retryAfterMs: retryAfterMs ?? DEFAULT_BACK_OFF_MS };
    case 503:
      if (!json) return undefined;
      return error.code === 'rate_limit_unavailable'
        ? { kind: 'rate_limited', retryAfterMs: retryAfterMs ?? DEFAULT_BACK_OFF_MS }
        : { kind: 'not_bought', reason: `503: ${message}`, retryAfterMs };
    default:
      // 404 and 405 are a wrong base URL: the operator's to mend, not the render's to die of at once.
      return reply.status >= 400 && reply.status < 500
        ? { kind: 'not_bought', reason: `HTTP ${reply.status}: ${message}`, retryAfterMs }
        : undefined;
  }
}
