import type { Clock } from '../clock.ts';
import { abortError, DarkroomError } from '../errors.ts';
import { type ApiResponse, createApiResponse, errorFromResponse, toDarkroomError } from './response.ts';
import { createRetryLoop, type RetryLimits, type RetryLoop, type RetryLoopOptions } from './retry-loop.ts';
import { startTimeLimit } from './time-limit.ts';

/** One request to the API. */
export interface RequestSpec {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path with its query, starting with `v1/`. */
  path: string;
  headers?: Record<string, string>;
  /** A blob of a file is read while it is sent. */
  body?: string | Blob;
  signal?: AbortSignal | undefined;
  /** Whether sending the request twice is safe. The client retries only these requests. */
  repeatable: boolean;
  /** Milliseconds until the headers of the response must arrive, and a JSON body with them. @default the client's */
  timeoutMs?: number;
}

/** Sends requests to one Darkroom server. Every failure is a `DarkroomError`. */
export interface Transport {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Sends the request once. Resolves with a 2xx response. */
  sendOnce(request: RequestSpec): Promise<ApiResponse>;
  /** Sends the request and reads the response. Retries both if that is safe and the error is transient. */
  send<T>(request: RequestSpec, read: (response: ApiResponse) => T | Promise<T>): Promise<T>;
  /** As `send`, for a JSON response. */
  sendForJson<T>(request: RequestSpec): Promise<T>;
  /** @param tries replaces the client's; `Infinity` when a deadline ends the loop. */
  createRetryLoop(signal: AbortSignal | undefined, limits?: RetryLimits): RetryLoop;
}

export interface TransportOptions extends RetryLoopOptions {
  /** Ends with a slash. */
  baseUrl: URL;
  headers: Record<string, string>;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
}

export function createTransport(options: TransportOptions): Transport {
  const send: Transport['send'] = async (request, read) => {
    const retryLoop = createRetryLoop(options, request.signal, request.repeatable ? {} : { tries: 1 });
    for (;;) {
      try {
        return await read(await sendOnce(options, request));
      } catch (error) {
        await retryLoop.waitAfter(error);
      }
    }
  };
  return {
    clock: options.clock,
    timeoutMs: options.timeoutMs,
    sendOnce: (request) => sendOnce(options, request),
    send,
    sendForJson: <T>(request: RequestSpec) => send(request, (response) => response.json<T>()),
    createRetryLoop: (signal, limits) => createRetryLoop(options, signal, limits),
  };
}

async function sendOnce(options: TransportOptions, request: RequestSpec): Promise<ApiResponse> {
  const { method, path, signal } = request;
  if (signal?.aborted) throw abortError(signal);
  const name = `${method} /${path.split('?')[0]}`;
  const ms = request.timeoutMs ?? options.timeoutMs;
  const createError = () => new DarkroomError('timeout', `${name}: the server did not respond in time.`);
  const limit = startTimeLimit(options.clock, { signal, ms, createError });
  const url = new URL(path, options.baseUrl);
  try {
    const response = await options.fetch(url, {
      method,
      headers: { accept: 'application/json', ...options.headers, ...request.headers },
      signal: limit.signal,
      // A redirect may turn a POST into a GET, and it would send the API key to another server.
      redirect: 'manual',
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    if (!response.ok) {
      const now = options.clock.now();
      throw await errorFromResponse(response, { name, path: url.pathname, now });
    }
    return createApiResponse(response, limit, name);
  } catch (error) {
    const failure = toDarkroomError(error, limit, name);
    limit.release();
    throw failure;
  }
}
