import type { FastifyReply, FastifyRequest } from 'fastify';
import { tenantOf } from '../../access/index.ts';
import {
  acceptsNdjson,
  bodyKind,
  bodyMayLast,
  brokeOff,
  bytesOf,
  type Endpoint,
  leaveBody,
  streamOf,
} from '../../http/index.ts';
import {
  acceptBatches,
  atMost,
  batchesOfJson,
  batchesOfNdjson,
  idempotencyKeyOf,
} from '../../intake/index.ts';
import type { IntakeDeps } from '../deps.ts';
import { bulkDoc } from './doc.ts';
import { answerWhole } from './json-response.ts';
import { answerInLines } from './ndjson-response.ts';
import { tallyOf } from './summary.ts';

/** `POST /v1/renders/bulk`. */
export const bulkEndpoint = (deps: IntakeDeps): Endpoint => ({
  needs: 'enqueue',
  doc: bulkDoc,
  run: (request, reply) => bulk(deps, request, reply),
});

async function bulk(deps: IntakeDeps, request: FastifyRequest, reply: FastifyReply) {
  leaveBody(request, reply);
  const tenant = tenantOf(request);
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  const inLines = acceptsNdjson(request);
  const tally = tallyOf(deps, request, tenant);
  const caller = { tenant, key, onResults: tally.add };
  // An answer that is held until it is whole has an end; one in lines may be as long as it likes.
  const batches = inLines ? batchesOf(request) : atMost(batchesOf(request));
  const results = acceptBatches(deps.door, caller, batches);
  try {
    const answer = inLines ? answerInLines : answerWhole;
    return await answer(request, reply, results, tally);
  } catch (error) {
    if (brokeOff(request)) return reply.hijack();
    throw error;
  }
}

function batchesOf(request: FastifyRequest) {
  if (bodyKind(request, ['json', 'ndjson']) === 'json') return batchesOfJson(bytesOf(request));
  bodyMayLast(request);
  return batchesOfNdjson(streamOf(request), request.routeOptions.bodyLimit);
}
