import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import type { Reply } from './refusal.ts';

/** No connection was made, so nothing was sent: DNS, refused, TLS, connect timeout. */
export class NotConnectedError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'NotConnectedError';
  }
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 1024 * 1024;

/**
 * A dispatcher whose errors say whether a connection had been made. With `fresh`, every request gets its own connection:
 * a kept-alive connection that the server is just closing would make the outcome of a submission unknown for no reason.
 */
export function openDispatcher(options: { fresh: boolean; connections?: number }): Dispatcher {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  return new Agent({
    pipelining: options.fresh ? 0 : 1,
    ...(options.connections ? { connections: options.connections } : {}),
    connect: (to, done) =>
      connect(to, (error, socket) => (error ? done(new NotConnectedError(error), null) : done(null, socket))),
  });
}

/** Sends one request and reads its response to the end, at most a megabyte. */
export async function sendRequest(
  url: URL,
  options: {
    dispatcher: Dispatcher;
    method: 'GET' | 'POST';
    headers: Record<string, string>;
    body?: string | FormData;
    signal: AbortSignal;
  },
): Promise<Reply> {
  const { body, ...rest } = options;
  const response = await request(url, { ...rest, ...(body === undefined ? {} : { body: body as string }) });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_RESPONSE_BYTES) {
      response.body.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode,
    headers: response.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
