import { type BulkAnswer } from '@darkroom/api';
import { acceptedAnswer, renderLinks } from '@darkroom/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  accept,
  acceptAll,
  checkRequest,
  type DoorDeps,
  type ItemResult,
  idempotencyKeyOf,
  itemsOfJson,
  itemsOfNdjson,
  parseJson,
} from '../intake/index.ts';
import { problemBody } from '../problems/index.ts';

import { baseUrl } from './base-url.ts';
import { bodyKind, bytesOf, readBytes } from './body.ts';
import { resource } from './resource.ts';

export interface RendersDeps {
  door: DoorDeps;
  /** Whose renders a request is about. */
  tenantOf(request: FastifyRequest): string;
  /** Our own address, for links when a request does not say. */
  ownUrl(): string;
  /** Told of every render that was asked for. */
  onIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string): void;
}

/** `POST /v1/renders` and `POST /v1/renders/bulk`. */
export function rendersRoutes(app: FastifyInstance, deps: RendersDeps): void {
  app.register(async (scope) => {
    readBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method !== 'POST') return;
      bodyKind(request, request.routeOptions.url === BULK ? ['json', 'ndjson'] : ['json']);
    });
    resource(scope, ONE, { POST: (request, reply) => postOne(deps, request, reply) });
    resource(scope, BULK, { POST: (request, reply) => postBulk(deps, request, reply) });
  });
}

const ONE = '/v1/renders';
const BULK = '/v1/renders/bulk';

async function postOne(deps: RendersDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = deps.tenantOf(request);
  try {
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    const checked = checkRequest(parseJson(bytesOf(request)), key);
    const accepted = await accept(deps.door, tenant, checked);
    deps.onIntake(accepted.duplicate ? 'duplicate' : 'accepted', tenant);
    const { renderId, duplicate } = accepted;
    request.log.info({ renderId, tenant, duplicate }, 'accepted');
    const links = renderLinks(baseUrl(request, deps.ownUrl()), renderId);
    return await reply.code(202).header('location', links.self).send(acceptedAnswer(accepted, links));
  } catch (error) {
    deps.onIntake('rejected', tenant);
    throw error;
  }
}

async function postBulk(deps: RendersDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = deps.tenantOf(request);
  const key = idempotencyKeyOf(request.headers['idempotency-key']);
  const bytes = bytesOf(request);
  const kind = bodyKind(request, ['json', 'ndjson']);
  const items = kind === 'ndjson' ? itemsOfNdjson(bytes) : itemsOfJson(bytes);
  const results = await acceptAll(deps.door, tenant, items, key);
  const answer = bulkAnswer(deps, request, tenant, results);
  const { accepted, duplicates, rejected } = answer;
  request.log.info({ tenant, accepted, duplicates, rejected }, 'accepted in bulk');
  if (results.some((result) => 'problem' in result && result.problem.retryAfter))
    reply.header('retry-after', '2');
  return await reply.code(rejected === 0 ? 202 : 207).send(answer);
}

function bulkAnswer(
  deps: RendersDeps,
  request: FastifyRequest,
  tenant: string,
  results: ItemResult[],
): BulkAnswer {
  const base = baseUrl(request, deps.ownUrl());
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
    return { ...place, status: problem.status, error: problemBody(problem, request.id) };
  });
  return {
    object: 'bulk',
    accepted: counts.accepted,
    duplicates: counts.duplicate,
    rejected: counts.rejected,
    items,
  };
}
