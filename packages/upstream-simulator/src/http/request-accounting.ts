import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import type { QuotaCategory } from '../quota.ts';
import type { RequestCategory } from '../requests.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    category?: RequestCategory;
    quota?: QuotaCategory;
    /** The form of the answer to a missing or wrong key. Without it the route needs no key. */
    auth?: 'envelope' | 'success_false';
  }
}

/** Records the end of one request exactly once. */
class RequestTimer {
  readonly #request: FastifyRequest;
  readonly #context: SimulatorContext;
  readonly #startedAt: number;
  #finished = false;

  constructor(context: SimulatorContext, request: FastifyRequest) {
    this.#request = request;
    this.#context = context;
    this.#startedAt = context.clock.now();
  }

  finish(status: number | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
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
  const timer = new RequestTimer(context, request);
  timers.set(request, timer);
  context.requests.countReceived(request.routeOptions.config.category ?? 'other', context.clock.now());
  const { raw } = reply;
  raw.once('finish', () => timer.finish(raw.statusCode));
  raw.once('close', () => timer.finish(raw.writableFinished ? raw.statusCode : undefined));
}

/** Takes the response away from fastify. The caller gets no complete answer. */
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
