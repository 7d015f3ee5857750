import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../endpoint.ts';
import { findRenderOrImage, notFoundProblem } from '../../lookup/index.ts';
import { jsonResponse } from '../../openapi/index.ts';
import { createImageUrl, idParam, type RenderReadDeps } from '../../renders/index.ts';
import { envelopeResponses } from './envelope.ts';
import { type Task, taskSchema } from './schemas.ts';
import { type ResultUrl, toTask } from './task.ts';

/** The lifetime of ToAPIs' result URLs. */
const URL_LIFETIME_MS = 86_400_000;

/** `GET /v1/images/generations/{id}`. */
export const queryEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { id } = request.params as { id: string };
    const snapshot = await findRenderOrImage(deps.lookup, requireTenant(request), id);
    if (!snapshot) throw await notFoundProblem(deps.lookup, id, 'There is no task with this id.');
    return await reply.send(await createTask(deps, request, snapshot));
  },
});

/** The task of a render. Callers with the role `read` get a URL of its image, which works without a key. */
export async function createTask(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<Task> {
  const { model } = snapshot.request;
  const canRead = request.caller?.roles.includes('read');
  return toTask({ ...snapshot, model }, canRead ? await createResultUrl(deps, request, snapshot) : undefined);
}

async function createResultUrl(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<ResultUrl | undefined> {
  if (snapshot.status !== 'completed') return undefined;
  const link = await createImageUrl(deps, request, snapshot, {
    part: 'image',
    lifetimeMs: URL_LIFETIME_MS,
    sign: 'always',
  });
  return link && { expiresAt: deps.clock.now() + URL_LIFETIME_MS, ...link };
}

const doc = {
  operationId: 'getGeneration',
  tags: ['Drop-in'],
  summary: "Get a task, as the provider's clients do",
  description:
    'The response for a failed task is 200 with `status: failed`. `result.data[0].url` works without a key for 24 hours. Every response contains a new URL.',
  requestParams: { path: idParam },
  responses: {
    '200': jsonResponse('The present state of the task.', taskSchema),
    ...envelopeResponses(404),
  },
};
