import { type BulkAnswer, bulkSchema, renderRequestSchema } from '@darkroom/api';
import { acceptedAnswer, renderLinks } from '@darkroom/shared';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { tenantOf } from '../access/index.ts';
import { baseUrl, bodyKind, bytesOf, type Endpoint } from '../http/index.ts';
import { acceptAll, type ItemResult, idempotencyKeyOf, itemsOfJson, itemsOfNdjson } from '../intake/index.ts';
import { answer, refusals } from '../openapi/index.ts';
import { problemBody } from '../problems/index.ts';
import type { IntakeDeps } from './deps.ts';
import { idempotencyHeader } from './headers.ts';

/** `POST /v1/renders/bulk`. */
export const bulkEndpoint = (deps: IntakeDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: (request, reply) => bulk(deps, request, reply),
});

async function bulk(deps: IntakeDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = tenantOf(request);
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  const bytes = bytesOf(request);
  const kind = bodyKind(request, ['json', 'ndjson']);
  const items = kind === 'ndjson' ? itemsOfNdjson(bytes) : itemsOfJson(bytes);
  const results = await acceptAll(deps.door, tenant, items, key);
  const told = bulkAnswer(deps, request, tenant, results);
  const { accepted, duplicates, rejected } = told;
  request.log.info({ tenant, accepted, duplicates, rejected }, 'accepted in bulk');
  if (results.some((result) => 'problem' in result && result.problem.retryAfter))
    reply.header('retry-after', '2');
  return await reply.code(rejected === 0 ? 202 : 207).send(told);
}

function bulkAnswer(
  deps: IntakeDeps,
  request: FastifyRequest,
  tenant: string,
  results: ItemResult[],
): BulkAnswer {
  const base = baseUrl(request);
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  const items = results.map((result) => {
    const { index, line } = result;
    const place = line === undefined ? { index } : { index, line };
    const outcome = 'problem' in result ? 'rejected' : result.accepted.duplicate ? 'duplicate' : 'accepted';
    counts[outcome]++;
    deps.onIntake(outcome, tenant);
    if ('accepted' in result) {
      const links = renderLinks(base, result.accepted.renderId);
      return { ...place, status: 202 as const, render: acceptedAnswer(result.accepted, links) };
    }
    const { problem } = result;
    if (problem.status === 500) request.log.error({ index, err: problem.cause }, problem.code);
    return { ...place, status: problem.status, error: problemBody(problem, { base, id: request.id }) };
  });
  return {
    object: 'bulk',
    accepted: counts.accepted,
    duplicates: counts.duplicate,
    rejected: counts.rejected,
    items,
  };
}

const doc = {
  operationId: 'createRenders',
  tags: ['Renders'],
  summary: 'Ask for many renders',
  description: 'Each is answered by itself, in order.',
  requestParams: { header: idempotencyHeader },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: z.union([
          z.array(renderRequestSchema),
          z.strictObject({ renders: z.array(renderRequestSchema) }),
        ]),
      },
      'application/x-ndjson': { schema: renderRequestSchema },
    },
  },
  responses: {
    '202': answer('All are durably queued.', bulkSchema),
    '207': answer('Some are not; each says so itself.', bulkSchema),
    ...refusals(
      'empty_body',
      'invalid_utf8',
      'invalid_json',
      'too_deep',
      'invalid_idempotency_key',
      'body_too_large',
      'unsupported_media_type',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
