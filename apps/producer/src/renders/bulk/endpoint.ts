import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import {
  acceptsNdjson,
  clientAborted,
  drainUnreadBody,
  type Endpoint,
  getBodyBytes,
  liftBodyTimeout,
  requireBodyKind,
  streamBody,
} from '../../http/index.ts';
import {
  acceptBulk,
  limitItems,
  readIdempotencyKey,
  readJsonBatches,
  readNdjsonBatches,
} from '../../intake/index.ts';
import type { RenderCreateDeps } from '../deps.ts';
import { bulkDoc } from './doc.ts';
import { sendJsonResponse } from './json-response.ts';
import { sendNdjsonResponse } from './ndjson-response.ts';
import { createBulkProgress } from './summary.ts';

/** `POST /v1/renders/bulk`. */
export const bulkEndpoint = (deps: RenderCreateDeps): Endpoint => ({
  needs: 'enqueue',
  doc: bulkDoc,
  run: (request, reply) => createBulk(deps, request, reply),
});

async function createBulk(deps: RenderCreateDeps, request: FastifyRequest, reply: FastifyReply) {
  drainUnreadBody(request, reply);
  const tenant = requireTenant(request);
  const key = readIdempotencyKey(request.headers['idempotency-key']);
  const inLines = acceptsNdjson(request);
  const tally = createBulkProgress(deps, request, tenant);
  const caller = { tenant, key, onResults: tally.add };
  // An answer that is held until it is whole has an end; one in lines may be as long as it likes.
  const batches = inLines ? readBatches(request) : limitItems(readBatches(request));
  const results = acceptBulk(deps.intake, caller, batches);
  try {
    const answer = inLines ? sendNdjsonResponse : sendJsonResponse;
    return await answer(request, reply, results, tally);
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
