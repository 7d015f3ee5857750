import { LIVE_LIMITS, limitListSchema, limitRequestSchema, limitSchema } from '@darkroom/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { getBodyBytes, noQuery, parseBodiesAsBytes, readQuery } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { getLimit, type LimitDeps, listLimits, setLimit, unsetLimit } from './change-limits.ts';

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/limits`. For operators of all tenants. */
export function registerLimits(app: FastifyInstance, deps: LimitDeps): void {
  registerEndpoints(app, '/v1/limits', { GET: listEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/limits/:name', {
      GET: getEndpoint(deps),
      PUT: setEndpoint(deps),
      DELETE: unsetEndpoint(deps),
    });
  });
}

const listEndpoint = (deps: LimitDeps): Endpoint => ({
  needs: 'operator',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send({ object: 'list', data: await listLimits(deps) });
  },
});

const getEndpoint = (deps: LimitDeps): Endpoint => ({
  needs: 'operator',
  doc: getDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await getLimit(deps, nameOf(request)));
  },
});

const setEndpoint = (deps: LimitDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: setDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await setLimit(deps, request, nameOf(request), parseJson(getBodyBytes(request))));
  },
});

const unsetEndpoint = (deps: LimitDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: unsetDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await unsetLimit(deps, request, nameOf(request)));
  },
});

const nameOf = (request: FastifyRequest) => (request.params as { name: string }).name;

const nameParam = z.object({ name: z.enum(LIVE_LIMITS).meta({ example: 'submissions-per-minute' }) });

const listDoc = {
  operationId: 'listLimits',
  tags: ['Operations'],
  summary: 'List the limits that can be changed at run time',
  description:
    'Each with its base (from the settings), its override, and the value that each running worker has applied.',
  responses: {
    '200': jsonResponse('All limits.', limitListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const getDoc = {
  operationId: 'getLimit',
  tags: ['Operations'],
  summary: 'Get a limit',
  requestParams: { path: nameParam },
  responses: {
    '200': jsonResponse('The limit.', limitSchema),
    ...problemResponses('limit_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const setDoc = {
  operationId: 'setLimit',
  tags: ['Operations'],
  summary: 'Override a limit',
  description: [
    'All workers obey within three seconds. A value below `minimum` or above `maximum` is rejected, and never reduced. The',
    'override is kept in the object store, so it survives restarts, deployments and the loss of the queue. With `until`, it',
    'ends by itself. It replaces the override before. No pause ends.',
  ].join(' '),
  requestParams: { path: nameParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: limitRequestSchema,
        example: { value: 120, reason: 'The provider is slow today.' },
      },
    },
  },
  responses: {
    '200': jsonResponse('The limit is overridden.', limitSchema),
    ...problemResponses('limit_not_found', ...JSON_BODY_PROBLEMS, 'queue_unavailable', 'store_unavailable'),
  },
};

const unsetDoc = {
  operationId: 'unsetLimit',
  tags: ['Operations'],
  summary: 'End the override of a limit',
  description: 'The workers use the value of their settings again, within three seconds.',
  requestParams: { path: nameParam },
  responses: {
    '200': jsonResponse('The limit without an override.', limitSchema),
    ...problemResponses(
      'limit_not_found',
      'body_too_large',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
