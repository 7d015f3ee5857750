import type { FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../context.ts';
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
class RequestEnd {
  readonly #request: FastifyRequest;
  readonly #world: World;
  readonly #startedAt: number;
  #over = false;

  constructor(world: World, request: FastifyRequest) {
    this.#request = request;
    this.#world = world;
    this.#startedAt = world.clock.now();
  }

  over(status: number | undefined): void {
    if (this.#over) return;
    this.#over = true;
    const category = this.#request.routeOptions.config.category ?? 'other';
    this.#world.requests.answered(category, status);
    this.#world.settings.onRequest?.({
      category,
      method: this.#request.method,
      url: this.#request.url,
      status,
      ms: this.#world.clock.now() - this.#startedAt,
    });
  }
}

const ends = new WeakMap<FastifyRequest, RequestEnd>();

export function countRequest(world: World, request: FastifyRequest, reply: FastifyReply): void {
  const end = new RequestEnd(world, request);
  ends.set(request, end);
  world.requests.received(request.routeOptions.config.category ?? 'other', world.clock.now());
  const { raw } = reply;
  raw.once('finish', () => end.over(raw.statusCode));
  raw.once('close', () => end.over(raw.writableFinished ? raw.statusCode : undefined));
}

/** Takes the answer out of fastify's hands; the caller will not get a whole one. */
export function abandon(reply: FastifyReply): FastifyReply {
  reply.hijack();
  ends.get(reply.request)?.over(undefined);
  return reply;
}

/** Destroys the connection. */
export function cut(reply: FastifyReply): FastifyReply {
  abandon(reply);
  reply.raw.destroy();
  return reply;
}
