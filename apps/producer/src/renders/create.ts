import { acceptedSchema, renderRequestSchema } from '@darkroom/api';
import { acceptedResponse, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import { type Endpoint, getBodyBytes, resolveBaseUrl } from '../http/index.ts';
import { acceptRender, checkRequest, parseJson, readIdempotencyKey } from '../intake/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import type { RenderCreateDeps } from './deps.ts';
import { idempotencyHeader } from './headers.ts';

/** `POST /v1/renders`. */
export const createEndpoint = (deps: RenderCreateDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: (request, reply) => create(deps, request, reply),
});

async function create(deps: RenderCreateDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = requireTenant(request);
  try {
    const key = readIdempotencyKey(request.headers['idempotency-key']);
    const checked = checkRequest(parseJson(getBodyBytes(request)), key);
    const accepted = await acceptRender(deps.intake, tenant, checked);
    deps.onIntake(accepted.duplicate ? 'duplicate' : 'accepted', tenant);
    const { renderId, duplicate } = accepted;
    request.log.info({ renderId, tenant, duplicate }, 'accepted');
    const links = renderLinks(resolveBaseUrl(request), renderId);
    return await reply.code(202).header('location', links.self).send(acceptedResponse(accepted, links));
  } catch (error) {
    deps.onIntake('rejected', tenant);
    throw error;
  }
}

const doc = {
  operationId: 'createRender',
  tags: ['Renders'],
  summary: 'Ask for a render',
  description: `Answered after the render is durably queued.

The same idempotency key is the same render for ever: the answer then has \`"duplicate": true\` and its present status. With another request it is a conflict. Requests are the same when all their fields are, \`run\`, \`metadata\` and \`webhook_url\` among them, with defaults filled in; images that come as data are compared by their bytes, URLs as they are written, so that one that was signed anew makes another request.

A \`webhook_url\` is taken when the tenant has a secret to sign with (WEBHOOK_SECRETS). It must be https and must not be a private address, unless ALLOW_PRIVATE_HOSTS is set. The body may be MAX_BODY_BYTES (64 MB unless set otherwise), or what the key allows.`,
  requestParams: { header: idempotencyHeader },
  requestBody: { required: true, content: { 'application/json': { schema: renderRequestSchema } } },
  responses: {
    '202': jsonResponse('The render is durably queued, or was before.', acceptedSchema, {
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
      'body_too_large',
      'unsupported_media_type',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
