import { type Clock, systemClock } from './clock.ts';
import {
  createTransport,
  type Retry,
  type RetryOptions,
  resolveRetryPolicy,
  type Transport,
} from './http/index.ts';
import { validateHeaders, validateMilliseconds } from './validate-options.ts';

export interface DarkroomOptions {
  /** The URL of the Darkroom server, with its path if it has one: `https://darkroom.example.com`. */
  url: string | URL;
  /** The API key, sent as a bearer token. A server on a loopback address may run without keys. */
  apiKey?: string | undefined;
  /** Milliseconds until the response must begin. Long polls and bulk calls get more time. @default 30_000 */
  timeoutMs?: number | undefined;
  retry?: RetryOptions | undefined;
  /** Called before each retry. */
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Headers for every request, for example trace headers or the token of a gateway. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** @default the platform's `fetch` */
  fetch?: typeof globalThis.fetch | undefined;
  /** @default `systemClock` */
  clock?: Clock | undefined;
}

/**
 * Opens the transport of a client. Services use `createDarkroom`; the command line also calls endpoints for operators.
 *
 * @throws TypeError when an option is not valid. The message never contains a secret.
 */
export function openTransport(options: DarkroomOptions): Transport {
  const { apiKey, onRetry, clock = systemClock, timeoutMs = 30_000 } = options;
  // Without this check, the platform's error for the header would quote the key.
  if (apiKey !== undefined && !(typeof apiKey === 'string' && /^[\x21-\x7e]+$/.test(apiKey)))
    throw new TypeError(
      'apiKey: expected printable ASCII characters without spaces; check for a line break at its end',
    );
  validateHeaders(options.headers);
  validateMilliseconds('timeoutMs', timeoutMs, 1);
  return createTransport({
    baseUrl: parseBaseUrl(options.url),
    headers: { ...options.headers, ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }) },
    // Read `globalThis.fetch` at each call: instrumentation may replace it after the client was created.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock,
    timeoutMs,
    retryPolicy: resolveRetryPolicy(options.retry),
    onRetry,
  });
}

const INVALID_URL = 'url: expected an http(s) URL, for example http://127.0.0.1:3000';

function parseBaseUrl(url: string | URL): URL {
  if (!URL.canParse(String(url))) throw new TypeError(INVALID_URL);
  const base = new URL(url);
  if (!/^https?:$/.test(base.protocol)) throw new TypeError(INVALID_URL);
  if (base.username || base.password)
    throw new TypeError('url: expected a URL without user and password; use apiKey or headers');
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}
