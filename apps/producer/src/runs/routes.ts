import { Readable } from 'node:stream';
import { runChangeSchema } from '@darkroom/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import {
  getBodyBytes,
  noQuery,
  parseBodiesAsBytes,
  readQuery,
  requireBodyKind,
  sendLines,
} from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { planResponse } from '../redrives/index.ts';
import { closeRun, planRunRedrive } from './change-run.ts';
import { createRequestedRun } from './create-run.ts';
import { changeDocs, createDoc, eventsDoc, getDoc, listDoc, redriveDoc, resultsDoc } from './docs.ts';
import { createRunResponse, findRun, type RunEndpointDeps, readRunRef } from './find-run.ts';
import { listResults } from './list-results.ts';
import { listRuns } from './list-runs.ts';
import { listParams, resultsParams, runParams } from './params.ts';
import { formatRunEvents } from './run-events.ts';

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/runs`. A key of one tenant creates, sees and changes only runs of its tenant. */
export function registerRuns(app: FastifyInstance, deps: RunEndpointDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/runs', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
  });
  registerEndpoints(app, '/v1/runs/:id', { GET: getEndpoint(deps) });
  registerEndpoints(app, '/v1/runs/:id/events', { GET: eventsEndpoint(deps) });
  registerEndpoints(app, '/v1/runs/:id/results', { GET: resultsEndpoint(deps) });
  app.register(async (scope) => {
    // These need no body. They accept an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/runs/:id/seal', { POST: changeEndpoint(deps, 'seal') });
    registerEndpoints(scope, '/v1/runs/:id/cancel', { POST: changeEndpoint(deps, 'cancel') });
    registerEndpoints(scope, '/v1/runs/:id/redrive', { POST: redriveEndpoint(deps) });
  });
}

const createEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  // A key for all tenants cannot have `enqueue`.
  needs: 'enqueue or operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { record, isNew } = await createRequestedRun(deps, request);
    const body = await createRunResponse(deps, request, record);
    return await reply
      .code(isNew ? 201 : 200)
      .header('location', body.links.self)
      .send(body);
  },
});

const listEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    const { limit = 20, cursor, tenant } = readQuery(listParams, request);
    const { data, next } = await listRuns(deps, request, { limit, cursor, tenant });
    return await reply.send({ object: 'list', data, next_cursor: next ?? null });
  },
});

const getEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: getDoc,
  run: async (request, reply) => {
    const record = await findRun(deps, readRef(request));
    return await reply.send(await createRunResponse(deps, request, record));
  },
});

const eventsEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: eventsDoc,
  run: async (request, reply) => {
    const run = readRef(request);
    const first = await createRunResponse(deps, request, await findRun(deps, run));
    reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
    if (request.method === 'HEAD') return await reply.send();
    deps.read.limitWaiting(request, reply);
    const events = formatRunEvents(deps, request, reply, run, first);
    return await reply.send(Readable.from(events, { objectMode: false }));
  },
});

const resultsEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: resultsDoc,
  run: async (request, reply) => {
    const { status: statuses, after, expand, tenant } = readQuery(resultsParams, request);
    const { definition } = await findRun(deps, readRunRef(request, tenant));
    const query = { statuses, after, withRenders: expand === 'render' };
    return await sendLines(request, reply, listResults(deps, request, definition, query));
  },
});

const changeEndpoint = (deps: RunEndpointDeps, action: 'seal' | 'cancel'): Endpoint => ({
  needs: 'enqueue or operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: changeDocs[action],
  run: async (request, reply) => {
    const run = readRef(request);
    const { reason } = readChange(request);
    const record = await closeRun(deps, request, run, { action, reason });
    return await reply.send(await createRunResponse(deps, request, record));
  },
});

const redriveEndpoint = (deps: RunEndpointDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: redriveDoc,
  run: async (request, reply) => {
    const plan = await planRunRedrive(deps, request, readRef(request));
    return await reply.send(planResponse(plan));
  },
});

const readRef = (request: FastifyRequest) => readRunRef(request, readQuery(runParams, request).tenant);

const readChange = (request: FastifyRequest): z.infer<typeof runChangeSchema> =>
  getBodyBytes(request).length === 0 ? {} : readJsonBody(request, runChangeSchema);
