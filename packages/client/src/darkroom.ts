import { type Clock, systemClock } from './clock.ts';
import { expectHeaders, expectMilliseconds } from './validate-options.ts';
import { createTransport, type Retry, type RetryOptions, retryPolicy } from './http/index.ts';
import { createRenders, type Renders } from './renders/index.ts';

export interface DarkroomOptions {
  /** Where Darkroom is: `https://darkroom.example.com`, with a path where it has one. */
  url: string | URL;
  /** Sent as a bearer token. A Darkroom without keys, on a loopback address, needs none. */
  apiKey?: string | undefined;
  /** Milliseconds until an answer has to begin. Long polls and bulk calls get more. @default 30_000 */
  timeoutMs?: number | undefined;
  retry?: RetryOptions | undefined;
  /** Told before a request is sent again. */
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Sent with every request: trace headers, a gateway's token. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** @default the platform's */
  fetch?: typeof globalThis.fetch | undefined;
  /** @default real time and chance */
  clock?: Clock | undefined;
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
  if (apiKey !== undefined && !(typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey)))
    throw new TypeError('apiKey: expected printable ASCII without blanks; is there a line break at its end?');
  expectHeaders(options.headers);
  expectMilliseconds('timeoutMs', timeoutMs, 1);
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

const NO_URL = 'url: expected an http(s) URL, such as http://127.0.0.1:3000';

function baseOf(url: string | URL): URL {
  if (!URL.canParse(String(url))) throw new TypeError(NO_URL);
  const base = new URL(url);
  if (!/^https?:$/.test(base.protocol)) throw new TypeError(NO_URL);
  if (base.username || base.password)
    throw new TypeError('url: expected a URL without user and password; use apiKey or headers');
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}
