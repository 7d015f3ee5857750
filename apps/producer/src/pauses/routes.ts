import { createPauseSchema, pauseListSchema, pauseSchema } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { noQuery, parseBodiesAsBytes, readQuery, requireBodyKind } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import type { RenderReadDeps } from '../renders/index.ts';
import { type ChangePausesDeps, createPause, endPause, listPauses } from './change-pauses.ts';
import { letThroughEndpoint } from './let-through.ts';

export interface PauseDeps extends ChangePausesDeps {
  read: RenderReadDeps;
}

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/pauses`. A key of one tenant pauses, sees and ends only pauses of its own tenant. */
export function registerPauses(app: FastifyInstance, deps: PauseDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/pauses', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
    registerEndpoints(scope, '/v1/renders/:id/let-through', { POST: letThroughEndpoint(deps) });
  });
  app.register(async (scope) => {
    // It needs no body, and accepts an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/pauses/:name/resume', { POST: endEndpoint(deps) });
  });
}

const listEndpoint = (deps: PauseDeps): Endpoint => ({
  needs: 'operate',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send({ object: 'list', data: await listPauses(deps, request) });
  },
});

const createEndpoint = (deps: PauseDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply
      .code(201)
      .send(await createPause(deps, request, readJsonBody(request, createPauseSchema)));
  },
});

const endEndpoint = (deps: PauseDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: endDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { name } = request.params as { name: string };
    return await reply.send(await endPause(deps, request, name));
  },
});

const listDoc = {
  operationId: 'listPauses',
  tags: ['Operations'],
  summary: 'List the pauses that stand',
  description: 'Pauses of submission, and pauses of whole queues.',
  responses: {
    '200': jsonResponse('All pauses that stand.', pauseListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const createDoc = {
  operationId: 'createPause',
  tags: ['Operations'],
  summary: 'Pause the submission of renders',
  description: [
    'No worker submits a render that matches `tenant`, `run` and `model`; without them, no render at all. Renders that',
    'are at the provider go on. Pauses stack: a render is submitted when the last one that holds it back has ended. They',
    'are kept in the object store, so they survive restarts, deployments and the loss of the queue. All workers obey within',
    'a second. No deadline of a waiting render runs, and other renders are not held up.',
  ].join(' '),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: createPauseSchema,
        example: { reason: 'Wrong prompt template', tenant: 'acme', name: 'acme-template', owner: 'ann' },
      },
    },
  },
  responses: {
    '201': jsonResponse('The pause stands.', pauseSchema),
    ...problemResponses('pause_exists', ...JSON_BODY_PROBLEMS, 'store_unavailable'),
  },
};

const endDoc = {
  operationId: 'endPause',
  tags: ['Operations'],
  summary: 'End a pause',
  description:
    'Renders that no other pause holds back go on at once. The response is the pause as it was. The name of the pause of a queue ends that.',
  requestParams: { path: z.object({ name: z.string().meta({ example: 'acme-template' }) }) },
  responses: {
    '200': jsonResponse('The pause has ended.', pauseSchema),
    ...problemResponses(
      'pause_not_found',
      'body_too_large',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
