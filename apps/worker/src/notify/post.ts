import { guardedLookup, isPublicAddress, type LookupAll } from '@darkroom/shared';
import { Agent, buildConnector, request } from 'undici';

/** What became of one POST. Reasons name no more of a URL than its host (I8). */
export type PostAnswer =
  | { is: 'taken'; status: number }
  /** 410: the receiver wants no more of it. */
  | { is: 'gone'; reason: string }
  /** It must not be sent there. */
  | { is: 'refused'; reason: string }
  /** Network, timeout, or a status that is no 2xx; may be better next time. */
  | { is: 'failed'; reason: string; retryAfterMs?: number };

export interface Poster {
  post(
    url: URL,
    message: { headers: Record<string, string>; body: string },
    signal: AbortSignal,
  ): Promise<PostAnswer>;
  close(): Promise<void>;
}

export interface PosterOptions {
  /** Whether plain http, and loopback and private addresses, are allowed. */
  allowPrivate: boolean;
  /** For the whole exchange. */
  timeoutMs: number;
  now(): number;
  /** @default the system's resolver */
  resolve?: LookupAll;
}

class AddressRefused extends Error {}

/** Enough of an answer to keep its connection for the next message; nobody reads it. */
const ANSWER_BYTES = 64 * 1024;

/**
 * Sends messages to URLs that strangers chose: only to public addresses, judged by the socket's own look-up, without
 * following redirects, and without reading what comes back.
 */
export function openPoster(options: PosterOptions): Poster {
  const refused = (host: string) => new AddressRefused(`${host} resolves to an address that is not public`);
  const lookup = guardedLookup(
    (address, host) => (options.allowPrivate || isPublicAddress(address) ? undefined : refused(host)),
    options.resolve,
  );
  const agent = new Agent({ connect: buildConnector({ timeout: options.timeoutMs, lookup }) });

  return {
    post: async (url, { headers, body }, signal) => {
      const no = refusalOf(url, options.allowPrivate);
      if (no) return { is: 'refused', reason: no };
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers,
          body,
          signal: limited,
        });
        const { statusCode: status } = answer;
        // The status is the answer; what follows it is only taken out of the way.
        await answer.body.dump({ limit: ANSWER_BYTES, signal: limited }).catch(() => undefined);
        return judge(status, answer.headers['retry-after'], options.now());
      } catch (error) {
        const cause = error instanceof AddressRefused ? error : causeOf(error);
        if (cause instanceof AddressRefused) return { is: 'refused', reason: cause.message };
        const late = limited.aborted && !signal.aborted;
        return { is: 'failed', reason: late ? `no answer within ${options.timeoutMs} ms` : reasonOf(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** Why a URL is refused as it is written, before any name is looked up. */
function refusalOf(url: URL, allowPrivate: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not http(s)`;
  if (allowPrivate) return undefined;
  if (url.protocol === 'http:') return 'webhooks go over https only (ALLOW_PRIVATE_HOSTS)';
  return isPublicAddress(url.hostname) === false ? `${url.hostname} is not a public address` : undefined;
}

function judge(status: number, retryAfter: string | string[] | undefined, now: number): PostAnswer {
  if (status >= 200 && status < 300) return { is: 'taken', status };
  if (status === 410) return { is: 'gone', reason: 'HTTP 410: the receiver wants no more webhooks' };
  const redirect = status >= 300 && status < 400;
  const reason = `HTTP ${status}${redirect ? ', and redirects are not followed' : ''}`;
  const hintMs = status === 429 || status === 503 ? hintOf(retryAfter, now) : undefined;
  return hintMs === undefined ? { is: 'failed', reason } : { is: 'failed', reason, retryAfterMs: hintMs };
}

/** `Retry-After` in seconds or as a date, in ms from `now`. */
function hintOf(header: string | string[] | undefined, now: number): number | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Dates of HTTP begin with a weekday; `Date.parse` takes much else for one.
  const ms = /^[A-Z]/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? ms : undefined;
}

const causeOf = (error: unknown) => (error instanceof Error ? error.cause : undefined);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of a connect to several addresses has an empty message.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return error.message || inner || error.name;
}
