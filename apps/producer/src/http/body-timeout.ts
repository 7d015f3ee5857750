import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** How long a body may take as a whole: one that drips in for ever holds memory for ever. */
const MAX_BODY_MS = 120_000;
/** How long nothing may move, in either direction, while a body is streamed. */
const MAX_IDLE_MS = 120_000;

declare module 'fastify' {
  interface FastifyInstance {
    /** How long bodies may take. */
    bodyTimeout: { whole: number; pause: number; running: WeakMap<IncomingMessage, NodeJS.Timeout> };
  }
}

/** Ends connections whose body takes too long. In place of the server's own limit, which knows no exceptions. */
export function limitBodyTime(app: FastifyInstance, whole = MAX_BODY_MS, pause = MAX_IDLE_MS): void {
  const running = new WeakMap<IncomingMessage, NodeJS.Timeout>();
  app.decorate('bodyTime', { whole, pause, running });
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
    if (length === '0' && !encoding) return;
    const timer = setTimeout(() => {
      if (raw.complete || raw.destroyed) return;
      if (reply.raw.headersSent) raw.destroy();
      // As the server's own limit would have it.
      else app.server.emit('clientError', new Error('The body took too long.'), raw.socket);
    }, whole).unref();
    running.set(raw, timer);
    raw.once('close', () => clearTimeout(timer));
  });
}

/** Lets a body take as long as it takes, as long as something moves. */
export function liftBodyTimeout({ raw, server }: FastifyRequest): void {
  const { running, pause } = server.bodyTimeout;
  clearTimeout(running.get(raw));
  // Without a listener Node ends the connection; it takes the limit back when the next request comes.
  raw.socket.setTimeout(pause);
}
