import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasEnded } from '../lookup/index.ts';
import { toProblem } from '../problems/index.ts';
import type { WatchOptions } from '../render-watch/index.ts';
import { findRequestedRender, type RenderReadDeps } from './find-render.ts';

/**
 * Snapshots of the requested render: now, after each of its events, and every few seconds. Ends when the render has
 * ended, at `until`, when the caller disconnects or loses access, or when the producer closes. While queue or store are away it yields
 * the last snapshot again.
 *
 * Throws `rate_limited` when too many requests of the key wait, and what {@link findRequestedRender} throws; after the first snapshot only errors other than 503.
 */
export async function* watchRequestedRender(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<WatchOptions, 'events' | 'until'>,
): AsyncGenerator<RenderSnapshot, void, void> {
  deps.limitWaiting(request, reply);
  const { id } = request.params as { id: string };
  let last: RenderSnapshot | undefined;
  for await (const _ of deps.watch.watch(id, { ...options, signal: createDisconnectSignal(reply) })) {
    try {
      last = await findRequestedRender(deps, request);
    } catch (error) {
      if (!last || toProblem(error).status !== 503) throw error;
    }
    if (!(await deps.hasAccess(request))) return;
    yield last;
    if (hasEnded(last)) return;
  }
}

/** The snapshot at the render's end, or after `ms`. */
export async function waitForEnd(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  ms: number,
): Promise<RenderSnapshot> {
  const until = deps.clock.now() + ms;
  let last: RenderSnapshot | undefined;
  for await (const snapshot of watchRequestedRender(deps, request, reply, { events: 'end', until })) {
    last = snapshot;
  }
  return last ?? (await findRequestedRender(deps, request));
}

/** Aborts when the caller disconnects, or when the response has been sent. */
function createDisconnectSignal(reply: FastifyReply): AbortSignal {
  const disconnect = new AbortController();
  // Not the request: its `close` can mean only that the body was read.
  if (reply.raw.closed) disconnect.abort();
  else reply.raw.once('close', () => disconnect.abort());
  return disconnect.signal;
}
