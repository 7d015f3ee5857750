import { type RenderListResponse, renderListSchema } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import type { Endpoint } from '../endpoint.ts';
import { toCursor } from '../lookup/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { createRenderResponse, type RenderReadDeps, readWaitCause } from './find-render.ts';
import { listParams, readListQuery, readWaitFilter } from './list-query.ts';

/** `GET /v1/renders`. */
export const listEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const [{ snapshots, next }, incomplete] = await Promise.all([
      deps.list({ ...readListQuery(request), waitsFor: createWaitFilter(deps, request) }),
      deps.lookup.queueState.isIncomplete(),
    ]);
    const list: RenderListResponse = {
      object: 'list',
      data: await Promise.all(snapshots.map((snapshot) => createRenderResponse(deps, request, snapshot))),
      ...(incomplete ? { incomplete } : {}),
      next_cursor: next ? toCursor(next) : null,
    };
    return await reply.send(list);
  },
});

/** The filter `waiting_for` of a request that {@link readListQuery} has checked. */
export function createWaitFilter(deps: RenderReadDeps, request: Pick<FastifyRequest, 'query'>) {
  const wanted = readWaitFilter(request);
  if (wanted === undefined) return undefined;
  return async (snapshot: RenderSnapshot) => (await readWaitCause(deps, snapshot))?.cause === wanted;
}

const doc = {
  operationId: 'listRenders',
  tags: ['Renders'],
  summary: 'List renders',
  description: [
    'Newest first. Follow `next_cursor` until it is null. You then have every render that existed when you started',
    'exactly once, even if renders were created or ended meanwhile. A page can be short or empty and still have a',
    '`next_cursor`: one call reads about 1,000 renders, and the filters may reject all of them. While renders are restored',
    'after a loss of the queue, the list has `"incomplete": true`, and some of them may be missing.',
  ].join(' '),
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('A page of renders.', renderListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};
