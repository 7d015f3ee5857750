import { letThroughSchema, renderSchema } from '@darkroom/api';
import type { Clock } from '@darkroom/shared/runtime';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { noQuery, readQuery } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import { createRenderResponse, findRequestedRender, idParam, type RenderReadDeps } from '../renders/index.ts';

export interface LetThroughDeps {
  read: RenderReadDeps;
  pauses: PauseBook;
  auditor: Auditor;
  clock: Clock;
}

/** `POST /v1/renders/{id}/let-through`. */
export const letThroughEndpoint = (deps: LetThroughDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: 16 * 1024,
  doc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const snapshot = await findRequestedRender(deps.read, request);
    await letThrough(deps, request, snapshot, readJsonBody(request, letThroughSchema));
    return await reply.code(202).send(await createRenderResponse(deps.read, request, snapshot));
  },
});

/**
 * Lets a render through all pauses of submission, and records it.
 *
 * @throws {ProblemError} `render_ended`
 */
export async function letThrough(
  { pauses, auditor, clock }: Omit<LetThroughDeps, 'read'>,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  { reason }: { reason: string },
): Promise<void> {
  const { renderId, tenant, status } = snapshot;
  if (hasEnded(snapshot))
    throw new ProblemError('render_ended', `The render is ${status}: nothing waits.`, { renderId });
  const actor = describeCaller(request.caller);
  await pauses.letThrough({ renderId, reason, actor, at: clock.now() });
  await auditor.record(request, {
    action: 'render.let_through',
    target: { kind: 'render', id: renderId },
    tenant,
    reason,
    before: { status },
  });
}

const doc = {
  operationId: 'letThrough',
  tags: ['Operations'],
  summary: 'Let one render through',
  description:
    'The render is submitted although pauses of its tenant, run or model stand. The pause of a whole queue still holds it back. It stays let through until its end.',
  requestParams: { path: idParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: letThroughSchema,
        example: { reason: 'The photographer waits for this one.' },
      },
    },
  },
  responses: {
    '202': jsonResponse('The render is let through.', renderSchema),
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
