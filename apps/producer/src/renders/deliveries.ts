import { deliveryListSchema } from '@darkroom/api';
import { z } from 'zod';
import { chooseDeliveries, deliveryList } from '../deliveries/index.ts';
import type { Endpoint } from '../http/index.ts';
import { answer, refusals } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { LookDeps } from './deps.ts';
import { found } from './find-render.ts';
import { idParam, NOTHING_SAID, noQuery, queryOf } from './params.ts';

/** `GET /v1/renders/{id}/deliveries`. */
export const deliveriesEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    queryOf(noQuery, request);
    const { renderId } = await found(deps, request);
    return await reply.send(deliveryList(await deps.archive.queue.deliveries(renderId)));
  },
});

/** `POST /v1/renders/{id}/deliveries/redeliver`. */
export const redeliverEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: NOTHING_SAID,
  doc: redeliverDoc,
  run: async (request, reply) => {
    const { delivery: id } = queryOf(redeliverQuery, request);
    const { renderId, tenant } = await found(deps, request);
    const { queue } = deps.archive;
    const chosen = chooseDeliveries(await queue.deliveries(renderId), id);
    const again = await Promise.all(chosen.map((delivery) => queue.redeliver(delivery.id)));
    if (!again.includes(true)) throw none(renderId);
    request.log.info({ renderId, tenant, deliveries: chosen.length }, 'asked to redeliver');
    const ids = new Set(chosen.map((delivery) => delivery.id));
    const now = (await queue.deliveries(renderId)).filter((delivery) => ids.has(delivery.id));
    return await reply.code(202).send(deliveryList(now));
  },
});

const none = (renderId: string) =>
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
    '200': answer('The deliveries that are remembered.', deliveryListSchema),
    ...refusals('render_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
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
    '202': answer('They will be sent again.', deliveryListSchema),
    ...refusals(
      'render_not_found',
      'delivery_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
