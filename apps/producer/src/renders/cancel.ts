import { type RenderResponse, renderSchema } from '@darkroom/api';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Endpoint, getBodyBytes } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { RESPONSE_EXAMPLES } from '../openapi/examples/responses.ts';
import { problemResponses } from '../openapi/index.ts';
import { listFieldProblems } from '../problems/field-problems.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import type { RenderReadDeps } from './deps.ts';
import { createRenderResponse, findRequestedRender } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam, noQuery, readQuery } from './params.ts';
import { watchRequestedRender } from './watch-render.ts';

/** Milliseconds that the answer waits for the render to stop. */
const CANCEL_WAIT_MS = 2_000;

/** `POST /v1/renders/{id}/cancel`. */
export const cancelEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: EMPTY_BODY_BYTES,
  doc,
  run: (request, reply) => cancel(deps, request, reply),
});

async function cancel(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  readQuery(noQuery, request);
  rejectContent(getBodyBytes(request));
  let snapshot = rejectIfEnded(await findRequestedRender(deps, request));
  if (!hasEnded(snapshot)) {
    const { renderId, tenant } = snapshot;
    await deps.lookup.queue.cancel({
      version: DATA_VERSION,
      renderId,
      tenant,
      requestedAt: deps.clock.now(),
    });
    snapshot = rejectIfEnded(await waitUntilCanceled(deps, request, reply, snapshot));
    request.log.info({ renderId, tenant, canceled: hasEnded(snapshot) }, 'asked to cancel');
  }
  return await reply
    .code(hasEnded(snapshot) ? 200 : 202)
    .send(await createRenderResponse(deps, request, snapshot));
}

/**
 * How it stands when it has stopped, or patience is over. A run may have looked for the marker just before there was
 * one, and go to wait without it: at every move it is woken again. One that ended all the same leaves no marker for
 * its redrive to find.
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
  throw new ProblemError('render_ended', `The render is ${status}: there is nothing left to cancel.`, {
    renderId,
  });
}

/** There is nothing to say; what is said all the same was meant for somebody else. */
function rejectContent(bytes: Buffer): void {
  if (bytes.length === 0) return;
  const value = parseJson(bytes);
  const checked = z.strictObject({}).safeParse(value);
  if (!checked.success) throw invalidRequest(listFieldProblems(checked.error, value));
}

const describeResponse = (description: string, more: Partial<RenderResponse>) => {
  const example = { ...(RESPONSE_EXAMPLES['Render'] as RenderResponse), image: null, ...more };
  return { description, content: { 'application/json': { schema: renderSchema, example } } };
};

const doc = {
  operationId: 'cancelRender',
  tags: ['Renders'],
  summary: 'Cancel a render',
  description: [
    'Before its purchase it costs nothing. A purchase that is under way is not stopped: the render then stops waiting',
    'for it, and `cost` says what was spent. One whose image is being fetched already completes. Canceling again',
    'changes nothing.',
  ].join(' '),
  requestParams: { path: idParam },
  responses: {
    '200': describeResponse('It is canceled.', {
      status: 'canceled',
      progress: 0,
      attempts: 0,
      task_ids: [],
      cost: { amount: '0.000', currency: 'USD', purchases: 0, refunded: 0 },
    }),
    '202': describeResponse(
      'It is noted and takes effect at its next step. This is how the render stands now.',
      {
        status: 'rendering',
        progress: 42,
      },
    ),
    ...problemResponses(
      'render_not_found',
      'render_ended',
      'empty_body',
      'invalid_json',
      'invalid_utf8',
      'too_deep',
      'body_too_large',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
