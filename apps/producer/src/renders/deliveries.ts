import { type DeliveryListResponse, type DeliveryResponse, deliveryListSchema } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Delivery } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { noQuery, readQuery } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import { findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam } from './params.ts';

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
    return await reply.code(202).send(toDeliveryList(await redeliverWebhooks(deps, request, id)));
  },
});

/**
 * Sends the webhooks of a render's latest end again, or one by its id.
 *
 * @throws {ProblemError} `render_not_found`, `delivery_not_found`.
 */
export async function redeliverWebhooks(
  deps: RenderReadDeps,
  request: FastifyRequest,
  id?: string,
): Promise<Delivery[]> {
  const { renderId, tenant } = await findRequestedRender(deps, request);
  const { queue } = deps.lookup;
  const chosen = chooseDeliveries(await queue.deliveries(renderId), id);
  const redelivered = await Promise.all(chosen.map((delivery) => queue.redeliver(delivery.id)));
  if (!redelivered.includes(true)) throw deliveryNotFound(renderId);
  await deps.auditor.record(request, {
    action: 'webhook.redeliver',
    target: { kind: 'render', id: renderId },
    tenant,
    after: { deliveries: redelivered.filter(Boolean).length },
  });
  const ids = new Set(chosen.map((delivery) => delivery.id));
  return (await queue.deliveries(renderId)).filter((delivery) => ids.has(delivery.id));
}

/** The delivery with this id. Without an id: all deliveries of the render's latest end. */
function chooseDeliveries(deliveries: readonly Delivery[], id: string | undefined): Delivery[] {
  if (id !== undefined) return deliveries.filter((delivery) => delivery.id === id);
  const latest = Math.max(...deliveries.map((delivery) => delivery.job.endedAt));
  return deliveries.filter((delivery) => delivery.job.endedAt === latest);
}

const deliveryNotFound = (renderId: string) =>
  new ProblemError('delivery_not_found', 'This render has no such webhook delivery.', { renderId });

const toDeliveryList = (deliveries: Delivery[]): DeliveryListResponse => ({
  object: 'list',
  data: deliveries.map(toDeliveryResponse),
});

const toIsoTime = (at: number) => new Date(at).toISOString();

function toDeliveryResponse({ id, job, status, attempts, ...more }: Delivery): DeliveryResponse {
  return {
    id,
    object: 'delivery',
    render_id: job.renderId,
    event: `render.${job.status}`,
    host: readHost(job.to),
    status,
    attempts,
    created_at: toIsoTime(more.createdAt),
    next_attempt_at: more.nextAttemptAt === undefined ? null : toIsoTime(more.nextAttemptAt),
    last_error: more.lastError ?? null,
  };
}

/** Only the host is shown: the rest of a webhook's URL may be a secret (I8). */
function readHost(to: Delivery['job']['to']): string {
  switch (to.kind) {
    case 'url':
      return new URL(to.url).host;
    case 'stored-url':
      return to.host;
    case 'stored':
      // A webhook is always a URL, never stored bytes.
      return '';
  }
}

const redeliverQuery = z.object({
  delivery: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'The id of one delivery. Without it: all deliveries of the latest end.' }),
});

const listDoc = {
  operationId: 'listDeliveries',
  tags: ['Webhooks'],
  summary: "List a render's webhook deliveries",
  description:
    'The deliveries of its ends, newest first. The list is empty before the render has ended, and when it has no webhook.',
  requestParams: { path: idParam },
  responses: {
    '200': jsonResponse('The deliveries that are still stored.', deliveryListSchema),
    ...problemResponses(
      'render_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};

const redeliverDoc = {
  operationId: 'redeliver',
  tags: ['Webhooks'],
  summary: "Send a render's webhooks again",
  description:
    'Sends the webhooks of the latest end, or one by its id, with the same `webhook-id` and all attempts again.',
  requestParams: { path: idParam, query: redeliverQuery },
  responses: {
    '202': jsonResponse('The webhooks will be sent again.', deliveryListSchema),
    ...problemResponses(
      'render_not_found',
      'delivery_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
