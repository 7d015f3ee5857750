import { renderSchema } from '@darkroom/api';
import type { Endpoint } from '../http/index.ts';
import { answer, refusals } from '../openapi/index.ts';
import type { LookDeps } from './deps.ts';
import { found, told } from './found.ts';
import { idParam } from './params.ts';

/** `GET /v1/renders/{id}`. */
export const showEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => await reply.send(await told(deps, request, await found(deps, request))),
});

const doc = {
  operationId: 'getRender',
  tags: ['Renders'],
  summary: 'Look at a render',
  description: 'Told from the queue, and from the receipt when the queue no longer holds it: for ever.',
  requestParams: { path: idParam },
  responses: {
    '200': answer('The render as it stands.', renderSchema),
    ...refusals('render_not_found', 'queue_unavailable', 'store_unavailable'),
  },
};
