import { type RenderResponse, renderSchema } from '@darkroom/api';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { hasRole, requireTenant } from '../access/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { getBodyBytes, noQuery, readQuery } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { findRenderOrImage, hasEnded } from '../lookup/index.ts';
import { JSON_BODY_PROBLEMS, problemResponses, RENDER_EXAMPLE } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import { createRenderResponse, findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam } from './params.ts';
import { watchRequestedRender } from './watch-render.ts';

/** How long the response waits for the render to stop. */
const CANCEL_WAIT_MS = 2_000;

/** `POST /v1/renders/{id}/cancel`. */
export const cancelEndpoint = (deps: RenderReadDeps): Endpoint => ({
  // A key for all tenants cannot have `enqueue`, and an operator must be able to cancel.
  needs: 'enqueue or operate',
  bodyLimit: EMPTY_BODY_BYTES,
  doc,
  run: (request, reply) => cancelRender(deps, request, reply),
});

async function cancelRender(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  readQuery(noQuery, request);
  rejectContent(request);
  const snapshot = await cancelRequestedRender(deps, request, reply);
  return await reply
    .code(hasEnded(snapshot) ? 200 : 202)
    .send(await createRenderResponse(deps, request, snapshot));
}

/**
 * Cancels the render that the `:id` of a path names, and waits a moment for its end.
 *
 * @throws {ProblemError} `render_not_found`, `render_ended`.
 */
export async function cancelRequestedRender(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<RenderSnapshot> {
  const before = rejectIfEnded(await findRequestedRender(deps, request));
  if (hasEnded(before)) return before;
  await requestCancel(deps, before);
  const snapshot = rejectIfEnded(await waitUntilCanceled(deps, request, reply, before));
  const { renderId, tenant } = before;
  request.log.info({ renderId, tenant, canceled: hasEnded(snapshot) }, 'cancel requested');
  // Services cancel, too. Their receipts show that.
  if (request.caller && hasRole(request.caller, 'operate')) {
    await recordCancel(deps, request, before, snapshot);
  }
  return snapshot;
}

/** Cancels a render of the caller, and does not wait for its end. @returns whether it was found and had not ended. */
export async function cancelWithoutWaiting(
  deps: RenderReadDeps,
  request: FastifyRequest,
  id: string,
): Promise<boolean> {
  const snapshot = await findRenderOrImage(deps.lookup, requireTenant(request), id);
  if (!snapshot || hasEnded(snapshot)) return false;
  await requestCancel(deps, snapshot);
  await deps.lookup.queue.wake(snapshot.renderId);
  if (request.caller && hasRole(request.caller, 'operate')) await recordCancel(deps, request, snapshot);
  return true;
}

const recordCancel = (
  { auditor }: RenderReadDeps,
  request: FastifyRequest,
  { renderId, tenant, status }: RenderSnapshot,
  after?: RenderSnapshot,
) =>
  auditor.record(request, {
    action: 'render.cancel',
    target: { kind: 'render', id: renderId },
    tenant,
    before: { status },
    after: { status: after?.status ?? 'canceling' },
  });

async function requestCancel(
  { recorder, lookup, clock }: RenderReadDeps,
  { renderId, tenant }: RenderSnapshot,
): Promise<void> {
  const requestedAt = clock.now();
  // Before the marker: the marker is made from it when the queue loses the marker.
  await recorder.recordCancel({ renderId, requestedAt });
  await lookup.queue.cancel({ version: DATA_VERSION, renderId, tenant, requestedAt });
}

/**
 * The last snapshot, when the render has stopped or {@link CANCEL_WAIT_MS} have passed. A run may have checked for the
 * marker just before it was written, and then wait without it. So the render is woken again at each of its events. A
 * render that ended otherwise loses its marker, so that a later redrive does not find it.
 */
async function waitUntilCanceled(
  deps: RenderReadDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  before: RenderSnapshot,
): Promise<RenderSnapshot> {
  const until = deps.clock.now() + CANCEL_WAIT_MS;
  let last = before;
  for await (const snapshot of watchRequestedRender(deps, request, reply, { events: 'moves', until })) {
    await deps.lookup.queue.wake(snapshot.renderId);
    last = snapshot;
  }
  return last;
}

function rejectIfEnded(snapshot: RenderSnapshot): RenderSnapshot {
  const { status, renderId } = snapshot;
  if (!hasEnded(snapshot) || status === 'canceled') return snapshot;
  throw new ProblemError('render_ended', `The render is ${status}: nothing is left to cancel.`, {
    renderId,
  });
}

/** Cancel has no parameters. A body with content is a mistake that the caller should learn of. */
function rejectContent(request: FastifyRequest): void {
  if (getBodyBytes(request).length > 0) readJsonBody(request, z.strictObject({}));
}

const describeResponse = (description: string, more: Partial<RenderResponse>) => {
  const example = { ...RENDER_EXAMPLE, image: null, ...more };
  return { description, content: { 'application/json': { schema: renderSchema, example } } };
};

const doc = {
  operationId: 'cancelRender',
  tags: ['Renders'],
  summary: 'Cancel a render',
  description: [
    'A render that is canceled before its purchase costs nothing. A purchase that is under way is not stopped: the render',
    'stops waiting for it, and `cost` shows what was, or may have been, spent. A render whose image is already being downloaded completes.',
    'Canceling again changes nothing.',
  ].join(' '),
  requestParams: { path: idParam },
  responses: {
    '200': describeResponse('The render is canceled.', {
      status: 'canceled',
      progress: 0,
      attempts: 0,
      task_ids: [],
      cost: { spent: '0.000', refunded: '0.000', possibly_spent: '0.000', currency: 'USD', purchases: 0 },
    }),
    '202': describeResponse(
      'The cancellation takes effect at the next step of the render. The response contains its present state.',
      { status: 'rendering', progress: 42 },
    ),
    ...problemResponses(
      'render_not_found',
      'render_ended',
      ...JSON_BODY_PROBLEMS,
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
