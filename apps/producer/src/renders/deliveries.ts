import { deliveryListSchema } from '@darkroom/api';
import { z } from 'zod';
import { chooseDeliveries, toDeliveryList } from '../deliveries/index.ts';
import type { Endpoint } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { RenderReadDeps } from './deps.ts';
import { findRequestedRender } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam, noQuery, readQuery } from './params.ts';

/** `GET /v1/renders/{id}/deliveries`. */
export const deliveriesEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { renderId } = await findRequestedRender(deps, request);
    return await reply.send(toDeliveryList(await deps.lookup.queue.deliveries(renderId)));
  },
});

/** `POST /v1/renders/{id}/deliveries/redeliver`. */
export const redeliverEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: EMPTY_BODY_BYTES,
  doc: redeliverDoc,
  run: async (request, reply) => {
    const { delivery: id } = readQuery(redeliverQuery, request);
    const { renderId, tenant } = await findRequestedRender(deps, request);
    const { queue } = deps.lookup;
    const chosen = chooseDeliveries(await queue.deliveries(renderId), id);
    const again = await Promise.all(chosen.map((delivery) => queue.redeliver(delivery.id)));
    if (!again.includes(true)) throw deliveryNotFound(renderId);
    request.log.info({ renderId, tenant, deliveries: chosen.length }, 'asked to redeliver');
    const ids = new Set(chosen.map((delivery) => delivery.id));
    const now = (await queue.deliveries(renderId)).filter((delivery) => ids.has(delivery.id));
    return await reply.code(202).send(toDeliveryList(now));
  },
});

const deliveryNotFound = (renderId: string) =>
  new ProblemError('delivery_not_found', 'There is no such webhook delivery of this render.', { renderId });

const redeliverQuery = z.object({
  delivery: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'The id of one delivery; without it all of the latest end.' }),
});

const listDoc = {
  operationId: 'listDeliveries',
  tags: ['Webhooks'],
  summary: "Look at a render's webhooks",
  description:
    'How the telling of its ends goes, newest first. None before it has ended, and none without a webhook.',
  requestParams: { path: idParam },
  responses: {
    '200': jsonResponse('The deliveries that are remembered.', deliveryListSchema),
    ...problemResponses('render_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const redeliverDoc = {
  operationId: 'redeliver',
  tags: ['Webhooks'],
  summary: "Send a render's webhooks again",
  description:
    'Those of its latest end, or one by its id; with the same `webhook-id`, and a fresh set of tries.',
  requestParams: { path: idParam, query: redeliverQuery },
  responses: {
    '202': jsonResponse('They will be sent again.', deliveryListSchema),
    ...problemResponses(
      'render_not_found',
      'delivery_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
