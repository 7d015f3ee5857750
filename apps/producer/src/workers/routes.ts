import { drainRequestSchema, workerListSchema, workerSchema } from '@darkroom/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { getBodyBytes, noQuery, parseBodiesAsBytes, readQuery, requireBodyKind } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { listWorkers, setDrain, type WorkerDeps } from './drain-worker.ts';

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/workers`. For operators of all tenants. */
export function registerWorkers(app: FastifyInstance, deps: WorkerDeps): void {
  registerEndpoints(app, '/v1/workers', { GET: listEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/workers/:name/drain', { POST: drainEndpoint(deps) });
  });
  app.register(async (scope) => {
    // It needs no body, and accepts an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/workers/:name/undrain', { POST: undrainEndpoint(deps) });
  });
}

const listEndpoint = (deps: WorkerDeps): Endpoint => ({
  needs: 'operator',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send({ object: 'list', data: await listWorkers(deps) });
  },
});

const drainEndpoint = (deps: WorkerDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: drainDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await setDrain(deps, request, nameOf(request), parseJson(getBodyBytes(request))));
  },
});

const undrainEndpoint = (deps: WorkerDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: undrainDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await setDrain(deps, request, nameOf(request), undefined));
  },
});

const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;

const nameParam = z.object({ name: z.string().meta({ example: 'render-7d9f-4711-a3f2' }) });

const listDoc = {
  operationId: 'listWorkers',
  tags: ['Operations'],
  summary: 'List the worker processes',
  description:
    'The workers that were seen: what each does now, the limits that it has applied, and whether it is drained. A worker that stopped in order is not listed. One that died is `lost`, and listed for a day.',
  responses: {
    '200': jsonResponse('All workers that were seen.', workerListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const drainDoc = {
  operationId: 'drainWorker',
  tags: ['Operations'],
  summary: 'Drain a worker',
  description: [
    'Within three seconds, the worker takes no new jobs. It finishes those that it has, stays alive, and is then `drained`:',
    'safe to stop. The drain is kept in the object store, so it survives the loss of the queue. A process that starts has',
    'another name, so it takes jobs.',
  ].join(' '),
  requestParams: { path: nameParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: drainRequestSchema,
        example: { reason: 'This machine is replaced.' },
      },
    },
  },
  responses: {
    '200': jsonResponse('The worker drains.', workerSchema),
    ...problemResponses('worker_not_found', ...JSON_BODY_PROBLEMS, 'queue_unavailable', 'store_unavailable'),
  },
};

const undrainDoc = {
  operationId: 'undrainWorker',
  tags: ['Operations'],
  summary: 'Let a drained worker take jobs again',
  requestParams: { path: nameParam },
  responses: {
    '200': jsonResponse('The worker takes jobs.', workerSchema),
    ...problemResponses(
      'worker_not_found',
      'body_too_large',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
