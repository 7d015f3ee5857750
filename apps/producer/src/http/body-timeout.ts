import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** How long a whole body may take: a body that arrives byte by byte would hold memory without limit. */
const MAX_BODY_MS = 120_000;
/** How long a streamed body may stand still in both directions. */
const MAX_IDLE_MS = 120_000;

declare module 'fastify' {
  interface FastifyInstance {
    bodyTimeout: { maxBodyMs: number; maxIdleMs: number; timers: WeakMap<IncomingMessage, NodeJS.Timeout> };
  }
}

/** Ends connections whose body takes too long. Replaces Node's own limit, which allows no exceptions. */
export function limitBodyTime(app: FastifyInstance, maxBodyMs = MAX_BODY_MS, maxIdleMs = MAX_IDLE_MS): void {
  const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();
  app.decorate('bodyTimeout', { maxBodyMs, maxIdleMs, timers });
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
    if (length === '0' && !encoding) return;
    const timer = setTimeout(() => {
      if (raw.complete || raw.destroyed) return;
      if (reply.raw.headersSent) raw.destroy();
      // The same event that Node's own limit emits: the server answers it.
      else app.server.emit('clientError', new Error('The body took too long.'), raw.socket);
    }, maxBodyMs).unref();
    timers.set(raw, timer);
    raw.once('close', () => clearTimeout(timer));
  });
}

/** Removes the limit for one body. Instead the connection ends when nothing moves for `maxIdleMs`. */
export function liftBodyTimeout({ raw, server }: FastifyRequest): void {
  const { timers, maxIdleMs } = server.bodyTimeout;
  clearTimeout(timers.get(raw));
  // Without a listener Node destroys the socket on timeout. Node resets the timeout at the next request.
  raw.socket.setTimeout(maxIdleMs);
}
