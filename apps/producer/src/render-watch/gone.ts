import type { FastifyReply } from 'fastify';

/** Aborts when the connection that an answer goes to is gone, or the answer has been sent. */
export function createDisconnectSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // Not the request: once its body is read, its own `close` may say only that.
  if (reply.raw.closed) gone.abort();
  else reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
