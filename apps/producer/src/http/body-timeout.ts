import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** How long a streamed body may stand still in both directions. */
const MAX_IDLE_MS = 120_000;

/** How long a body may take: a body that arrives byte by byte would hold memory and a connection without limit. */
export interface BodyTimes {
  /** For requests whose caller is not known (yet). */
  anonymousMs: number;
  /** For requests that passed the guard. */
  maxBodyMs: number;
  /** How long a streamed body may stand still. @default 120 s */
  maxIdleMs?: number;
}

declare module 'fastify' {
  interface FastifyInstance {
    bodyTimeout: { extend(request: IncomingMessage): void; lift(request: IncomingMessage): void };
  }
}

/** Ends connections whose body takes too long. Replaces Node's own limit, which allows no exceptions. */
export function limitBodyTime(app: FastifyInstance, times: BodyTimes): void {
  const { anonymousMs, maxBodyMs, maxIdleMs = MAX_IDLE_MS } = times;
  const bodies = new WeakMap<IncomingMessage, { timer: NodeJS.Timeout; end(): void }>();
  app.decorate('bodyTimeout', {
    extend(raw) {
      const body = bodies.get(raw);
      if (!body || maxBodyMs <= anonymousMs) return;
      clearTimeout(body.timer);
      body.timer = setTimeout(body.end, maxBodyMs).unref();
    },
    lift(raw) {
      clearTimeout(bodies.get(raw)?.timer);
      // Without a listener Node destroys the socket on timeout. Node resets the timeout at the next request.
      raw.socket.setTimeout(maxIdleMs);
    },
  });
  app.addHook('onRequest', async ({ raw }, reply) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
    if (length === '0' && !encoding) return;
    const end = () => {
      if (raw.complete || raw.destroyed) return;
      if (reply.raw.headersSent) raw.destroy();
      // The same event that Node's own limit emits: the server answers it.
      else app.server.emit('clientError', new Error('The body took too long.'), raw.socket);
    };
    const body = { timer: setTimeout(end, anonymousMs).unref(), end };
    bodies.set(raw, body);
    raw.once('close', () => clearTimeout(body.timer));
  });
}

/** Gives the body of a request that passed the guard its whole time. */
export function extendBodyTimeout({ raw, server }: FastifyRequest): void {
  server.bodyTimeout.extend(raw);
}

/** Removes the limit for one body. Instead the connection ends when nothing moves for `maxIdleMs`. */
export function liftBodyTimeout({ raw, server }: FastifyRequest): void {
  server.bodyTimeout.lift(raw);
}
