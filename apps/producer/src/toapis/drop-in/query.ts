import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { tenantOf } from '../../access/index.ts';
import { baseUrl, type Endpoint } from '../../http/index.ts';
import { findRenderOrImage } from '../../lookup/index.ts';
import { answer } from '../../openapi/index.ts';
import { ProblemError } from '../../problems/index.ts';
import type { LookDeps } from '../../renders/index.ts';
import { idParam } from '../../renders/params.ts';
import { refusalsAsProvider } from './envelope.ts';
import { type Task, taskSchema } from './schemas.ts';
import { type ResultUrl, taskOf } from './task.ts';

/** As long as the provider's result URLs live. */
const URL_LIFETIME_MS = 86_400_000;

/** `GET /v1/images/generations/{id}`. */
export const queryEndpoint = (deps: LookDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const { id } = request.params as { id: string };
    const standing = await findRenderOrImage(deps.archive, tenantOf(request), id);
    if (!standing) throw new ProblemError('render_not_found', 'There is no task with this id.');
    return await reply.send(await taskTold(deps, request, standing));
  },
});

/** The task of a render, with a URL of its image that works without a key: for who may look at images. */
export async function taskTold(
  deps: LookDeps,
  request: FastifyRequest,
  standing: RenderSnapshot,
): Promise<Task> {
  const { model } = standing.request;
  const mayRead = request.caller?.roles.includes('read');
  return taskOf({ ...standing, model }, mayRead ? await resultUrl(deps, request, standing) : undefined);
}

/** From the store itself where it can sign, else from us. */
async function resultUrl(
  { store, links, clock }: LookDeps,
  request: FastifyRequest,
  { renderId, tenant, status, image }: RenderSnapshot,
): Promise<ResultUrl | undefined> {
  if (status !== 'completed' || !image) return undefined;
  const expiresAt = clock.now() + URL_LIFETIME_MS;
  const signed = await store.signedUrl(image.key, URL_LIFETIME_MS).catch(() => undefined);
  if (signed) return { url: signed, expiresAt };
  const link = await links.sign(`/v1/renders/${renderId}/image`, tenant, expiresAt);
  return { url: `${baseUrl(request)}${link}`, expiresAt };
}

const doc = {
  operationId: 'getGeneration',
  tags: ['Drop-in'],
  summary: "Look at a task, as the provider's clients do",
  description:
    'A failed task is answered with 200 and `status: failed`. `result.data[0].url` needs no key and lives for 24 hours; every look gives a fresh one.',
  requestParams: { path: idParam },
  responses: {
    '200': answer('The task as it stands.', taskSchema),
    ...refusalsAsProvider(404),
  },
};
