import { renderDetailSchema } from '@darkroom/api';
import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import { readQuery, wholeNumber } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { idParam } from './params.ts';
import { createRenderDetail } from './render-detail.ts';
import { waitForEnd } from './watch-render.ts';

/** `GET /v1/renders/{id}`: at once, or after the render's end. */
export const getEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { wait = 0 } = readQuery(query, request);
    const snapshot =
      wait === 0
        ? await findRequestedRender(deps, request)
        : await waitForEnd(deps, request, reply, wait * 1000);
    return await reply.send(await createRenderDetail(deps, request, snapshot));
  },
});

const query = z.object({
  wait: wholeNumber(0, 60).optional().meta({
    description:
      'Seconds. The response is sent when the render has ended, or after this time with the present state. If there is no such render, it is sent at once.',
    example: 30,
  }),
});

const doc = {
  operationId: 'getRender',
  tags: ['Renders'],
  summary: 'Get a render, or wait for its end',
  description:
    'Renders stay available without limit: when the queue no longer holds a render, the response comes from its receipt.',
  requestParams: { path: idParam, query },
  responses: {
    '200': jsonResponse('The present state of the render.', renderDetailSchema),
    ...problemResponses(
      'render_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
