import { type Clock, systemClock } from './clock.ts';
import { createTransport, type Retry, type RetryOptions, retryPolicy } from './http/index.ts';
import { createRenders, type Renders } from './renders/index.ts';

export interface DarkroomOptions {
  /** Where Darkroom is: `https://darkroom.example.com`, with a path where it has one. */
  url: string | URL;
  /** Sent as a bearer token. A Darkroom without keys, on a loopback address, needs none. */
  apiKey?: string | undefined;
  /** Milliseconds until an answer has to begin. Long polls and bulk calls get more. @default 30_000 */
  timeoutMs?: number;
  retry?: RetryOptions;
  /** Told before a request is sent again. */
  onRetry?: (retry: Retry) => void;
  /** Sent with every request: trace headers, a gateway's token. */
  headers?: Readonly<Record<string, string>>;
  /** @default the platform's */
  fetch?: typeof globalThis.fetch;
  /** @default real time and chance */
  clock?: Clock;
}

export interface Darkroom {
  readonly renders: Renders;
}

/**
 * A client of one Darkroom. Opens nothing and needs no closing.
 *
 * @throws TypeError when an option is of no use; the message never holds a secret.
 */
export function createDarkroom(options: DarkroomOptions): Darkroom {
  const { apiKey, onRetry, clock = systemClock, timeoutMs = 30_000 } = options;
  // Platforms would complain about such a key by quoting it.
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey))
    throw new TypeError('apiKey: expected printable ASCII without blanks; is there a line break at its end?');
  const transport = createTransport({
    base: baseOf(options.url),
    headers: { ...options.headers, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
    // Looked up late: what instruments fetch may come after us.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock,
    timeoutMs,
    policy: retryPolicy(options.retry),
    onRetry,
  });
  return { renders: createRenders(transport) };
}

function baseOf(url: string | URL): URL {
  if (!URL.canParse(String(url))) throw new TypeError('url: expected an http(s) URL');
  const base = new URL(url);
  if (!/^https?:$/.test(base.protocol)) throw new TypeError('url: expected an http(s) URL');
  if (base.username || base.password)
    throw new TypeError('url: expected a URL without user and password; use apiKey or headers');
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}
