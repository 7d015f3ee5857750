import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import { type Endpoint, resolveBaseUrl } from '../../http/index.ts';
import { findRenderOrImage } from '../../lookup/index.ts';
import { jsonResponse } from '../../openapi/index.ts';
import { ProblemError } from '../../problems/index.ts';
import type { RenderReadDeps } from '../../renders/index.ts';
import { idParam } from '../../renders/params.ts';
import { envelopeResponses } from './envelope.ts';
import { type Task, taskSchema } from './schemas.ts';
import { type ResultUrl, toTask } from './task.ts';

/** As long as the provider's result URLs live. */
const URL_LIFETIME_MS = 86_400_000;

/** `GET /v1/images/generations/{id}`. */
export const queryEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { id } = request.params as { id: string };
    const snapshot = await findRenderOrImage(deps.lookup, requireTenant(request), id);
    if (!snapshot) throw new ProblemError('render_not_found', 'There is no task with this id.');
    return await reply.send(await createTask(deps, request, snapshot));
  },
});

/** The task of a render, with a URL of its image that works without a key: for who may look at images. */
export async function createTask(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<Task> {
  const { model } = snapshot.request;
  const mayRead = request.caller?.roles.includes('read');
  return toTask({ ...snapshot, model }, mayRead ? await createResultUrl(deps, request, snapshot) : undefined);
}

/** From the store itself where it can sign, else from us. */
async function createResultUrl(
  { store, links, clock }: RenderReadDeps,
  request: FastifyRequest,
  { renderId, tenant, status, image }: RenderSnapshot,
): Promise<ResultUrl | undefined> {
  if (status !== 'completed' || !image) return undefined;
  const expiresAt = clock.now() + URL_LIFETIME_MS;
  const signed = await store.signedUrl(image.key, URL_LIFETIME_MS).catch(() => undefined);
  if (signed) return { url: signed, expiresAt };
  const link = await links.sign(`/v1/renders/${renderId}/image`, tenant, expiresAt);
  return { url: `${resolveBaseUrl(request)}${link}`, expiresAt };
}

const doc = {
  operationId: 'getGeneration',
  tags: ['Drop-in'],
  summary: "Look at a task, as the provider's clients do",
  description:
    'A failed task is answered with 200 and `status: failed`. `result.data[0].url` needs no key and lives for 24 hours; every look gives a fresh one.',
  requestParams: { path: idParam },
  responses: {
    '200': jsonResponse('The task as it stands.', taskSchema),
    ...envelopeResponses(404),
  },
};
