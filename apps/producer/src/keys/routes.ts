import {
  KEY_ID,
  keyListSchema,
  keyRequestSchema,
  keyRevocationSchema,
  keySchema,
  newKeySchema,
} from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { getBodyBytes, noQuery, parseBodiesAsBytes, readQuery, requireBodyKind } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { type ChangeKeysDeps, createKey, revokeKey } from './change-keys.ts';
import { keyResponse } from './responses.ts';

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/keys`. For operators of all tenants. */
export function registerKeys(app: FastifyInstance, deps: ChangeKeysDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/keys', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
  });
  app.register(async (scope) => {
    // It needs no body. It accepts an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/keys/:id/revoke', { POST: revokeEndpoint(deps) });
  });
}

const listEndpoint = ({ ring }: ChangeKeysDeps): Endpoint => ({
  needs: 'operator',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send({ object: 'list', data: (await ring.list()).map(keyResponse) });
  },
});

const createEndpoint = (deps: ChangeKeysDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.code(201).send(await createKey(deps, request, parseJson(getBodyBytes(request))));
  },
});

const revokeEndpoint = (deps: ChangeKeysDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: revokeDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const bytes = getBodyBytes(request);
    return await reply.send(await revokeKey(deps, request, bytes.length === 0 ? {} : parseJson(bytes)));
  },
});

const keyParam = z.object({
  id: z.string().regex(KEY_ID).meta({ example: 'key_9f86d081884c7d65' }),
});

const BODY_PROBLEMS = ['empty_body', 'invalid_json', 'invalid_utf8', 'too_deep', 'body_too_large'] as const;

const listDoc = {
  operationId: 'listKeys',
  tags: ['Operations'],
  summary: 'List the API keys',
  description:
    'The entries of API_KEYS, then the keys that operators made, the newest first. Revoked keys stay in the list. No response has the text of a key.',
  responses: {
    '200': jsonResponse('All keys.', keyListSchema),
    ...problemResponses('invalid_request', 'store_unavailable'),
  },
};

const createDoc = {
  operationId: 'createKey',
  tags: ['Operations'],
  summary: 'Make an API key',
  description:
    'It works at all producers at once, without a restart. The response has its text, which is stored nowhere: the store has only its hash. In a deployment without API_KEYS, no caller needs a key; keys that are made there work when API_KEYS is set.',
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: keyRequestSchema,
        example: { tenant: 'shop', roles: ['enqueue', 'read'], name: 'catalogue service' },
      },
    },
  },
  responses: {
    '201': jsonResponse('The key.', newKeySchema),
    ...problemResponses(...BODY_PROBLEMS, 'invalid_request', 'store_unavailable'),
  },
};

const revokeDoc = {
  operationId: 'revokeKey',
  tags: ['Operations'],
  summary: 'Revoke an API key',
  description:
    'The key and the sessions of browsers in which it was entered stop working within three seconds, at all producers. An entry of API_KEYS cannot be revoked. Revoking a key again changes nothing.',
  requestParams: { path: keyParam },
  requestBody: {
    required: false,
    content: { 'application/json': { schema: keyRevocationSchema, example: { reason: 'It was in a log.' } } },
  },
  responses: {
    '200': jsonResponse('The key is revoked.', keySchema),
    ...problemResponses(
      ...BODY_PROBLEMS,
      'invalid_request',
      'key_not_found',
      'key_in_settings',
      'store_unavailable',
    ),
  },
};
