import { type RenderResponse, renderSchema } from '@darkroom/api';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { bytesOf, type Endpoint } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { ANSWER_EXAMPLES } from '../openapi/examples/responses.ts';
import { refusals } from '../openapi/index.ts';
import { listFieldProblems } from '../problems/field-problems.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import type { LookDeps } from './deps.ts';
import { found, told } from './find-render.ts';
import { idParam, NOTHING_SAID, noQuery, queryOf } from './params.ts';
import { followed } from './watch-render.ts';

/** Milliseconds that the answer waits for the render to stop. */
const PATIENCE_MS = 2_000;

/** `POST /v1/renders/{id}/cancel`. */
export const cancelEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: NOTHING_SAID,
  doc,
  run: (request, reply) => cancel(deps, request, reply),
});

async function cancel(deps: LookDeps, request: FastifyRequest, reply: FastifyReply) {
  queryOf(noQuery, request);
  refuseContent(bytesOf(request));
  let standing = refuseEnded(await found(deps, request));
  if (!hasEnded(standing)) {
    const { renderId, tenant } = standing;
    await deps.archive.queue.cancel({
      version: DATA_VERSION,
      renderId,
      tenant,
      requestedAt: deps.clock.now(),
    });
    standing = refuseEnded(await stopped(deps, request, reply, standing));
    request.log.info({ renderId, tenant, canceled: hasEnded(standing) }, 'asked to cancel');
  }
  return await reply.code(hasEnded(standing) ? 200 : 202).send(await told(deps, request, standing));
}

/**
 * How it stands when it has stopped, or patience is over. A run may have looked for the marker just before there was
 * one, and go to wait without it: at every move it is woken again. One that ended all the same leaves no marker for
 * its redrive to find.
 */
async function stopped(
  deps: LookDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  before: RenderSnapshot,
): Promise<RenderSnapshot> {
  const until = deps.clock.now() + PATIENCE_MS;
  let last = before;
  for await (const standing of followed(deps, request, reply, { what: 'moves', until })) {
    await deps.archive.queue.wake(standing.renderId);
    last = standing;
  }
  return last;
}

function refuseEnded(standing: RenderSnapshot): RenderSnapshot {
  const { status, renderId } = standing;
  if (!hasEnded(standing) || status === 'canceled') return standing;
  throw new ProblemError('render_ended', `The render is ${status}: there is nothing left to cancel.`, {
    renderId,
  });
}

/** There is nothing to say; what is said all the same was meant for somebody else. */
function refuseContent(bytes: Buffer): void {
  if (bytes.length === 0) return;
  const value = parseJson(bytes);
  const checked = z.strictObject({}).safeParse(value);
  if (!checked.success) throw invalidRequest(listFieldProblems(checked.error, value));
}

const shown = (description: string, more: Partial<RenderResponse>) => {
  const example = { ...(ANSWER_EXAMPLES['Render'] as RenderResponse), image: null, ...more };
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
    '200': shown('It is canceled.', {
      status: 'canceled',
      progress: 0,
      attempts: 0,
      task_ids: [],
      cost: { amount: '0.000', currency: 'USD', purchases: 0, refunded: 0 },
    }),
    '202': shown('It is noted and takes effect at its next step. This is how the render stands now.', {
      status: 'rendering',
      progress: 42,
    }),
    ...refusals(
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
