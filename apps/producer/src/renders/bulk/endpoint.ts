import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../endpoint.ts';
import {
  acceptsNdjson,
  clientAborted,
  drainUnreadBody,
  getBodyBytes,
  liftBodyTimeout,
  requireBodyKind,
  streamBody,
} from '../../http/index.ts';
import {
  acceptBulk,
  type IntakeDeps,
  limitItems,
  readIdempotencyKey,
  readJsonBatches,
  readNdjsonBatches,
} from '../../intake/index.ts';
import { bulkDoc } from './doc.ts';
import { sendJsonResponse } from './json-response.ts';
import { sendNdjsonResponse } from './ndjson-response.ts';
import { createBulkSummary } from './summary.ts';

/** `POST /v1/renders/bulk`. */
export const bulkEndpoint = (deps: IntakeDeps): Endpoint => ({
  needs: 'enqueue',
  doc: bulkDoc,
  bodyLimit: deps.maxBodyBytes,
  run: (request, reply) => createRenders(deps, request, reply),
});

async function createRenders(deps: IntakeDeps, request: FastifyRequest, reply: FastifyReply) {
  drainUnreadBody(request, reply);
  const tenant = requireTenant(request);
  const key = readIdempotencyKey(request.headers['idempotency-key']);
  const asNdjson = acceptsNdjson(request);
  const summary = createBulkSummary(deps, request, { tenant, streamed: asNdjson });
  // A JSON response is held in memory until it is complete, so its items are limited. NDJSON has no limit.
  const batches = asNdjson ? readBatches(request) : limitItems(readBatches(request));
  const results = acceptBulk(deps, { tenant, key, onResults: summary.add }, batches);
  try {
    const send = asNdjson ? sendNdjsonResponse : sendJsonResponse;
    return await send(request, reply, results, summary);
  } catch (error) {
    if (clientAborted(request)) return reply.hijack();
    throw error;
  }
}

function readBatches(request: FastifyRequest) {
  if (requireBodyKind(request, ['json', 'ndjson']) === 'json') return readJsonBatches(getBodyBytes(request));
  liftBodyTimeout(request);
  return readNdjsonBatches(streamBody(request), request.routeOptions.bodyLimit);
}
