import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasEnded } from '../lookup/index.ts';
import { toProblem } from '../problems/index.ts';
import { createDisconnectSignal, type WatchOptions } from '../render-watch/index.ts';
import type { RenderReadDeps } from './deps.ts';
import { findRequestedRender } from './find-render.ts';

/**
 * How the render that an address names stands: now, whenever that may have changed, and every few seconds; until it has
 * ended, the time is over, the caller is gone, or we close. While queue and store are away it stands as it stood.
 *
 * Throws what `found` throws, at the first look whatever it is.
 */
export async function* watchRequestedRender(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  follow: Pick<WatchOptions, 'events' | 'until'>,
): AsyncGenerator<RenderSnapshot, void, void> {
  const { id } = request.params as { id: string };
  let last: RenderSnapshot | undefined;
  for await (const _ of deps.watch.watch(id, { ...follow, signal: createDisconnectSignal(reply) })) {
    try {
      last = await findRequestedRender(deps, request);
    } catch (error) {
      if (!last || toProblem(error).status !== 503) throw error;
    }
    yield last;
    if (hasEnded(last)) return;
  }
}

/** The last of them, which is how it stands when the waiting is over. */
export async function waitForEnd(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  ms: number,
): Promise<RenderSnapshot> {
  let last: RenderSnapshot | undefined;
  for await (const snapshot of watchRequestedRender(deps, request, reply, {
    events: 'end',
    until: deps.clock.now() + ms,
  })) {
    last = snapshot;
  }
  return last ?? (await findRequestedRender(deps, request));
}
