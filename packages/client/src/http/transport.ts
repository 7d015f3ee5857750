import type { Clock } from '../clock.ts';
import { aborted, DarkroomError } from '../errors.ts';
import { type Answer, answerOf, failureOf } from './response.ts';
import { limit } from './time-limit.ts';
import { type Patience, patience, type Retry } from './retry-loop.ts';
import { refusalOf } from './refusal.ts';
import type { RetryPolicy } from './retry-timing.ts';

/** One request as the client asks it. */
export interface Ask {
  method: 'GET' | 'POST';
  /** With its query, from `v1/…`. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal | undefined;
  /** Whether it does no harm to send it twice. Only then is it sent again. */
  repeatable: boolean;
  /** Milliseconds until the answer's headers are there, and the body where it is JSON. @default the client's */
  timeoutMs?: number;
  /** @default the client's */
  tries?: number;
}

/** Requests to one Darkroom. Every failure is a `DarkroomError`. */
export interface Transport {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Sends once. */
  once(ask: Ask): Promise<Answer>;
  /** Sends, again where that is safe and may help, until the headers of a 2xx are there. */
  open(ask: Ask): Promise<Answer>;
  /** As `open`, and reads the body. */
  json<T>(ask: Ask): Promise<T>;
  patience(signal: AbortSignal | undefined, tries?: number): Patience;
}

export interface TransportOptions {
  /** With a slash at its end. */
  base: URL;
  headers: Record<string, string>;
  fetch: typeof globalThis.fetch;
  clock: Clock;
  timeoutMs: number;
  policy: RetryPolicy;
  onRetry: ((retry: Retry) => void) | undefined;
}

export function createTransport(options: TransportOptions): Transport {
  const { clock } = options;
  const newPatience = (signal: AbortSignal | undefined, tries?: number) =>
    patience(options, signal, tries ?? options.policy.tries);
  const once = (ask: Ask) => send(options, ask);
  const repeated = async <T>(ask: Ask, attempt: () => Promise<T>): Promise<T> => {
    const patient = newPatience(ask.signal, ask.repeatable ? ask.tries : 1);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await patient.after(error);
      }
    }
  };
  return {
    clock,
    timeoutMs: options.timeoutMs,
    once,
    open: (ask) => repeated(ask, () => once(ask)),
    json: <T>(ask: Ask) => repeated(ask, async () => await (await once(ask)).json<T>()),
    patience: newPatience,
  };
}

async function send(options: TransportOptions, ask: Ask): Promise<Answer> {
  const { method, path, signal } = ask;
  if (signal?.aborted) throw aborted(signal);
  const what = `${method} /${path.split('?')[0]}`;
  const ms = ask.timeoutMs ?? options.timeoutMs;
  const late = () => new DarkroomError('timeout', `${what} was not answered in time.`);
  const bound = limit(options.clock, { signal, ms, late });
  const url = new URL(path, options.base);
  try {
    const response = await options.fetch(url, {
      method,
      headers: { accept: 'application/json', ...options.headers, ...ask.headers },
      signal: bound.signal,
      // A redirected POST may arrive as a GET, and a key must not go elsewhere.
      redirect: 'manual',
      ...(ask.body === undefined ? {} : { body: ask.body }),
    });
    if (!response.ok) {
      const now = options.clock.now();
      throw await refusalOf(response, { what, path: url.pathname, now });
    }
    return answerOf(response, bound, what);
  } catch (error) {
    const failure = failureOf(error, bound, what);
    bound.release();
    throw failure;
  }
}
