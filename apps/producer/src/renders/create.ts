import { acceptedSchema, renderRequestSchema } from '@darkroom/api';
import { acceptedResponse, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { getBodyBytes, resolveBaseUrl } from '../http/index.ts';
import {
  acceptRender,
  checkRequest,
  checkWebhook,
  type IntakeDeps,
  idempotencyHeader,
  parseJson,
  readIdempotencyKey,
} from '../intake/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';

/** `POST /v1/renders`. */
export const createEndpoint = (deps: IntakeDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  bodyLimit: deps.maxBodyBytes,
  run: (request, reply) => createRender(deps, request, reply),
});

async function createRender(deps: IntakeDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = requireTenant(request);
  try {
    const checked = checkRequest(parseJson(getBodyBytes(request)), {
      fromHeader: readIdempotencyKey(request.headers['idempotency-key']),
      checkWebhook: (url) => checkWebhook(deps, tenant, url),
    });
    const accepted = await acceptRender(deps, tenant, checked);
    const { renderId, duplicate } = accepted;
    deps.recordIntake(duplicate ? 'duplicate' : 'accepted', tenant);
    request.log.info({ renderId, tenant, duplicate }, 'render accepted');
    const links = renderLinks(resolveBaseUrl(request), renderId);
    return await reply.code(202).header('location', links.self).send(acceptedResponse(accepted, links));
  } catch (error) {
    deps.recordIntake('rejected', tenant);
    throw error;
  }
}

const doc = {
  operationId: 'createRender',
  tags: ['Renders'],
  summary: 'Create a render',
  description: `The response is sent after the render is durably queued.

The same idempotency key always names the same render. A repeated request gets \`"duplicate": true\` and the present status; a different request under the same key is a conflict. Two requests are the same when all their fields are the same, including \`run\`, \`metadata\` and \`webhook_url\`, with defaults filled in. Images in data URIs are compared by their bytes, URLs as text: a URL that was signed again makes a different request.

A \`webhook_url\` is accepted when the tenant has a secret to sign with (WEBHOOK_SECRETS). It must be https and must not be a private address, unless ALLOW_PRIVATE_HOSTS is set. The maximum size of the body is MAX_BODY_BYTES (64 MB by default), or the limit of the key; 128 KB of it may be other than data URIs.`,
  requestParams: { header: idempotencyHeader },
  requestBody: { required: true, content: { 'application/json': { schema: renderRequestSchema } } },
  responses: {
    '202': jsonResponse('The render is durably queued, now or by an earlier request.', acceptedSchema, {
      headers: { Location: { description: 'The render.', schema: { type: 'string', format: 'uri' } } },
    }),
    ...problemResponses(
      'empty_body',
      'invalid_utf8',
      'invalid_json',
      'too_deep',
      'idempotency_key_mismatch',
      'invalid_idempotency_key',
      'idempotency_conflict',
      'run_closed',
      'body_too_large',
      'unsupported_media_type',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
