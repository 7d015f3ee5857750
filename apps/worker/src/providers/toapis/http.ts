import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import type { Reply } from './answers.ts';

/** A connection was never made, so nothing was sent: DNS, refused, TLS, connect timeout. */
export class NeverConnected extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'NeverConnected';
  }
}

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * A dispatcher that says of a failure whether a connection had been made. With `fresh`, every request gets a
 * connection of its own: a kept-alive one that the server is just closing would leave a submission's outcome
 * unknown for nothing.
 */
export function openDispatcher(options: { fresh: boolean; connections?: number }): Dispatcher {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  return new Agent({
    pipelining: options.fresh ? 0 : 1,
    ...(options.connections ? { connections: options.connections } : {}),
    connect: (to, done) =>
      connect(to, (error, socket) => (error ? done(new NeverConnected(error), null) : done(null, socket))),
  });
}

/** One exchange, its answer read to the end, or to a megabyte. */
export async function exchange(
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
  const answer = await request(url, { ...rest, ...(body === undefined ? {} : { body: body as string }) });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) {
      answer.body.destroy();
      break;
    }
    chunks.push(chunk);
  }
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString('utf8') };
}
