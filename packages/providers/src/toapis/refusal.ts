import { parseRetryAfter } from '@darkroom/shared/net';
import type { AccountStopped, NotBought, RateLimited, Refused } from '../provider.ts';

/** An HTTP response, read to its end. */
export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The provider's error, from any of its envelopes. */
export interface ProviderError {
  code: string;
  message: string;
}

type Json = Record<string, unknown>;

/** The body as a JSON object, or `undefined` for HTML, arrays, and everything else. */
export function readJson(reply: Reply): Json | undefined {
  try {
    const value: unknown = JSON.parse(reply.body);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `{"error":{code,message}}`, `{"message"}` and `{"success":false,"message"}`. */
export function readError(json: Json | undefined): ProviderError {
  const inner = json?.error;
  if (inner !== null && typeof inner === 'object') {
    const error = inner as Json;
    const code = [error.code, error.type].map(text).find((word) => word && !/^\d+$/.test(word)) ?? '';
    return { code, message: shorten(text(error.message)) };
  }
  return { code: text(json?.code), message: shorten(text(inner) || text(json?.message)) };
}

/**
 * The error of a response in an envelope of the provider: `{"error":{code,message}}`, `{"success":false,"message"}`, or
 * a bare `{"message"}` whose text only the provider uses. Gateways answer with HTML, with a bare message of their own, or
 * with `{"error":"…"}`: such a response does not say what the provider did.
 *
 * @returns `undefined` if another sender may have written the response.
 */
export function readEnvelope(json: Json | undefined): ProviderError | undefined {
  const error = readError(json);
  const inner = json?.error;
  if (inner !== null && typeof inner === 'object') {
    const { code, type, message } = inner as Json;
    return typeof message === 'string' && (text(code) || text(type)) ? error : undefined;
  }
  if (json?.success === false && typeof json.message === 'string') return error;
  return isMissingTask(error) || isContentRefusal(error) ? error : undefined;
}

const text = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
const shorten = (message: string) => (message.length > 500 ? `${message.slice(0, 500)}…` : message);

// A refusal because of the content has several codes and comes in two languages.
const CONTENT =
  /content.?polic|policy.?violation|safety|sensitive|moderation|prohibited|nsfw|违规|敏感|审核|不安全/i;

export const isContentRefusal = (error: ProviderError) =>
  CONTENT.test(error.code) || CONTENT.test(error.message);

export const isMissingTask = (error: ProviderError) =>
  /task_not_(exist|found)/i.test(`${error.code} ${error.message}`);

const RETRY_AFTER_MS = { min: 1_000, max: 600_000 };

/** The provider's `Retry-After` in milliseconds: at least a second, at most ten minutes. */
export function readRetryAfter(reply: Reply, now: number): number | undefined {
  const ms = parseRetryAfter(reply.headers['retry-after'], now);
  return ms === undefined ? undefined : Math.min(Math.max(ms, RETRY_AFTER_MS.min), RETRY_AFTER_MS.max);
}

/** How long to wait after a 429 without `Retry-After`. */
export const DEFAULT_RETRY_AFTER_MS = 2000;

/**
 * Classifies a response after which certainly nothing was bought: 429 from any sender, because it processed nothing; a
 * 4xx or 503 only with the provider's own error, because a gateway can answer after the provider bought.
 *
 * @returns `undefined` where that is not certain.
 */
export function classifyRefusal(
  reply: Reply,
  now: number,
): RateLimited | AccountStopped | Refused | NotBought | undefined {
  const retryAfterMs = readRetryAfter(reply, now);
  const rateLimited: RateLimited = {
    kind: 'rate_limited',
    retryAfterMs: retryAfterMs ?? DEFAULT_RETRY_AFTER_MS,
  };
  if (reply.status === 429) return rateLimited;
  const error = readEnvelope(readJson(reply));
  if (!error) return undefined;
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
    case 503:
      return error.code === 'rate_limit_unavailable'
        ? rateLimited
        : { kind: 'not_bought', reason: `503: ${message}`, retryAfterMs };
    default:
      return reply.status >= 400 && reply.status < 500
        ? { kind: 'not_bought', reason: `HTTP ${reply.status}: ${message}`, retryAfterMs }
        : undefined;
  }
}
