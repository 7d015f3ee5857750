import { renderSchema } from '@darkroom/api';
import { z } from 'zod';
import type { Endpoint } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import type { RenderReadDeps } from './deps.ts';
import { createRenderResponse, findRequestedRender } from './find-render.ts';
import { idParam, readQuery, wholeNumber } from './params.ts';
import { waitForEnd } from './watch-render.ts';

/** `GET /v1/renders/{id}`: at once, or once it has ended. */
export const getEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { wait = 0 } = readQuery(query, request);
    const snapshot =
      wait === 0
        ? await findRequestedRender(deps, request)
        : await waitForEnd(deps, request, reply, wait * 1000);
    return await reply.send(await createRenderResponse(deps, request, snapshot));
  },
});

const query = z.object({
  wait: wholeNumber(0, 60).optional().meta({
    description:
      'Seconds. Answered when the render has ended, with its present state when the time is up, and at once when there is no such render.',
    example: 30,
  }),
});

const doc = {
  operationId: 'getRender',
  tags: ['Renders'],
  summary: 'Look at a render, or wait for its end',
  description: 'Told from the queue, and from the receipt when the queue no longer holds it: for ever.',
  requestParams: { path: idParam, query },
  responses: {
    '200': jsonResponse('The render as it stands.', renderSchema),
    ...problemResponses('render_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};
