import { type RenderListResponse, renderListSchema } from '@darkroom/api';
import type { Endpoint } from '../http/index.ts';
import { cursorOf } from '../lookup/index.ts';
import { answer, refusals } from '../openapi/index.ts';
import type { LookDeps } from './deps.ts';
import { told } from './find-render.ts';
import { listParams, listQueryOf } from './list-query.ts';

/** `GET /v1/renders`. */
export const listEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { standings, next } = await deps.list(listQueryOf(request));
    const list: RenderListResponse = {
      object: 'list',
      data: await Promise.all(standings.map((standing) => told(deps, request, standing))),
      next_cursor: next ? cursorOf(next) : null,
    };
    return await reply.send(list);
  },
});

const doc = {
  operationId: 'listRenders',
  tags: ['Renders'],
  summary: 'List renders',
  description: [
    'Newest first. Follow `next_cursor` until it is null: you then have seen each render that was there when you began',
    'once, whatever came and ended meanwhile. A page may be short or even empty and still have a `next_cursor`: one call',
    'looks at about 1,000 renders, and filters may refuse all of them.',
  ].join(' '),
  requestParams: { query: listParams },
  responses: {
    '200': answer('A page of renders.', renderListSchema),
    ...refusals('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};
