import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { QuotaCategory } from '../quota.ts';
import type { RequestCategory } from '../requests.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    category?: RequestCategory;
    quota?: QuotaCategory;
    /** How a missing or wrong key is answered. Without it the route is open. */
    auth?: 'envelope' | 'success_false';
  }
}

/** Counts one request: its arrival now, its end once. */
class RequestTimer {
  readonly #request: FastifyRequest;
  readonly #context: SimulatorContext;
  readonly #startedAt: number;
  #over = false;

  constructor(context: SimulatorContext, request: FastifyRequest) {
    this.#request = request;
    this.#context = context;
    this.#startedAt = context.clock.now();
  }

  finish(status: number | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const category = this.#request.routeOptions.config.category ?? 'other';
    this.#context.requests.countAnswered(category, status);
    this.#context.settings.onRequest?.({
      category,
      method: this.#request.method,
      url: this.#request.url,
      status,
      ms: this.#context.clock.now() - this.#startedAt,
    });
  }
}

const timers = new WeakMap<FastifyRequest, RequestTimer>();

export function countRequest(context: SimulatorContext, request: FastifyRequest, reply: FastifyReply): void {
  const end = new RequestTimer(context, request);
  timers.set(request, end);
  context.requests.countReceived(request.routeOptions.config.category ?? 'other', context.clock.now());
  const { raw } = reply;
  raw.once('finish', () => end.finish(raw.statusCode));
  raw.once('close', () => end.finish(raw.writableFinished ? raw.statusCode : undefined));
}

/** Takes the answer out of fastify's hands; the caller will not get a whole one. */
export function abandonReply(reply: FastifyReply): FastifyReply {
  reply.hijack();
  timers.get(reply.request)?.finish(undefined);
  return reply;
}

/** Destroys the connection. */
export function cutConnection(reply: FastifyReply): FastifyReply {
  abandonReply(reply);
  reply.raw.destroy();
  return reply;
}
