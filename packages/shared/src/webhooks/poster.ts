import { Agent, buildConnector, request } from 'undici';
import {
  createDnsLookup,
  createGuardedLookup,
  isLocalName,
  isPublicAddress,
  type LookupAll,
} from '../net/index.ts';
import { errorCause } from '../runtime/index.ts';
import { classifyResponse, type PostAnswer } from './post-answer.ts';

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
  /** @default DNS; if private hosts are allowed, the system's resolver, which alone may know their names */
  resolve?: LookupAll;
}

class AddressRefused extends Error {}

/** The response is not used. To read this much of it keeps the connection for the next webhook. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/**
 * Sends webhooks to URLs that callers chose: only to public addresses, which the socket's own lookup checks, without
 * following redirects, and without using the response's body.
 */
export function openPoster(options: PosterOptions): Poster {
  const refuseHost = (host: string) =>
    new AddressRefused(`${host} resolves to an address that is not public`);
  const lookup = createGuardedLookup(
    (address, host) => (options.allowPrivate || isPublicAddress(address) ? undefined : refuseHost(host)),
    options.resolve ?? (options.allowPrivate ? undefined : createDnsLookup()),
  );
  // HTTP/1.1 only: all receivers speak it, and a connection serves one webhook at a time.
  const connect = buildConnector({ timeout: options.timeoutMs, lookup, allowH2: false });
  const agent = new Agent({ connect, allowH2: false });

  return {
    post: async (url, { headers, body }, signal) => {
      const refusal = checkUrl(url, options.allowPrivate);
      if (refusal) return { kind: 'refused', reason: refusal };
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { ...headers, ...createAuthorization(url) },
          body,
          signal: limited,
        });
        const { statusCode: status } = answer;
        // Only the status counts. The body is read to free the connection.
        await answer.body.dump({ limit: MAX_RESPONSE_BYTES, signal: limited }).catch(() => undefined);
        return classifyResponse(status, answer.headers['retry-after'], options.now());
      } catch (error) {
        const cause = error instanceof AddressRefused ? error : errorCause(error);
        if (cause instanceof AddressRefused) return { kind: 'refused', reason: cause.message };
        const late = limited.aborted && !signal.aborted;
        return {
          kind: 'failed',
          reason: late ? `no answer within ${options.timeoutMs} ms` : describeError(error),
        };
      }
    },
    close: () => agent.destroy(),
  };
}

/** A URL of the settings may contain user and password. A caller's URL never does. */
function createAuthorization({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = [username, password].map(decodeComponent).join(':');
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Checks a URL before any DNS query. @returns why the URL is refused, if it is. */
function checkUrl(url: URL, allowPrivate: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not http(s)`;
  if (allowPrivate) return undefined;
  if (url.protocol === 'http:') return 'webhooks go over https only (ALLOW_PRIVATE_HOSTS)';
  const local = isLocalName(url.hostname) || isPublicAddress(url.hostname) === false;
  return local ? `${url.hostname} is not a public address` : undefined;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of a connect to several addresses has an empty message.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return (error.message || inner || error.name).replace(/\s+/g, ' ').trim();
}
