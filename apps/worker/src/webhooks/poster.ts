import { isLocalName, isPublicAddress } from '@darkroom/shared/net';
import { Agent, buildConnector, request } from 'undici';
import { dnsLookup, guardedLookup, type LookupAll } from '../net/index.ts';
import { judge, type PostAnswer } from './post-answer.ts';

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
  /** @default the system's resolver where private hosts are allowed, which it may be the only one to know, else DNS */
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
    options.resolve ?? (options.allowPrivate ? undefined : dnsLookup()),
  );
  // HTTP/1.1 alone: all receivers speak it, and a connection serves one message at a time.
  const connect = buildConnector({ timeout: options.timeoutMs, lookup, allowH2: false });
  const agent = new Agent({ connect, allowH2: false });

  return {
    post: async (url, { headers, body }, signal) => {
      const no = refusalOf(url, options.allowPrivate);
      if (no) return { kind: 'refused', reason: no };
      const limited = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
      try {
        const answer = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: { ...headers, ...credentialsOf(url) },
          body,
          signal: limited,
        });
        const { statusCode: status } = answer;
        // The status is the answer; what follows it is only taken out of the way.
        await answer.body.dump({ limit: ANSWER_BYTES, signal: limited }).catch(() => undefined);
        return judge(status, answer.headers['retry-after'], options.now());
      } catch (error) {
        const cause = error instanceof AddressRefused ? error : causeOf(error);
        if (cause instanceof AddressRefused) return { kind: 'refused', reason: cause.message };
        const late = limited.aborted && !signal.aborted;
        return {
          kind: 'failed',
          reason: late ? `no answer within ${options.timeoutMs} ms` : reasonOf(error),
        };
      }
    },
    close: () => agent.destroy(),
  };
}

/** What a URL of the settings may say of user and password; a caller's own says none. */
function credentialsOf({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = [username, password].map(unescaped).join(':');
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Why a URL is refused as it is written, before any name is looked up. */
function refusalOf(url: URL, allowPrivate: boolean): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not http(s)`;
  if (allowPrivate) return undefined;
  if (url.protocol === 'http:') return 'webhooks go over https only (ALLOW_PRIVATE_HOSTS)';
  const local = isLocalName(url.hostname) || isPublicAddress(url.hostname) === false;
  return local ? `${url.hostname} is not a public address` : undefined;
}

const causeOf = (error: unknown) => (error instanceof Error ? error.cause : undefined);

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An AggregateError of a connect to several addresses has an empty message.
  const inner = error instanceof AggregateError ? error.errors.map(String).join('; ') : '';
  return (error.message || inner || error.name).replace(/\s+/g, ' ').trim();
}
