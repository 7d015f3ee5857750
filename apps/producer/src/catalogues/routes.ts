import {
  type CatalogueFailuresResponse,
  type CatalogueListResponse,
  type CatalogueRetry,
  type CatalogueRunListResponse,
  catalogueCancelSchema,
  catalogueRetrySchema,
  catalogueRunRequestSchema,
} from '@darkroom/api';
import { type RunRequest, runLabel, uploadedFileKey } from '@darkroom/catalogue';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describeCaller, hasRole, requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import {
  getBodyBytes,
  liftBodyTimeout,
  noQuery,
  parseBodiesAsBytes,
  readQuery,
  requireBodyKind,
  resolveBaseUrl,
} from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { ProblemError } from '../problems/index.ts';
import { cancelCatalogueRun } from './cancel-run.ts';
import type { CatalogueDeps } from './deps.ts';
import {
  cancelDoc,
  failuresDoc,
  getDoc,
  getFileDoc,
  listDoc,
  listRunsDoc,
  putFileDoc,
  retryDoc,
  runsParams,
  startDoc,
  tenantParams,
} from './docs.ts';
import { chooseTenant, readDigest, readName, readRunId } from './path.ts';
import { listCatalogueRuns, listCatalogues } from './read-catalogues.ts';
import { findRun } from './read-runs.ts';
import { runResponse } from './responses.ts';
import { listFailures, startRetry } from './retry-run.ts';
import { registerSchedules } from './schedule-routes.ts';
import { startRun } from './start-run.ts';
import { MAX_FILE_BYTES, storeFile } from './store-file.ts';

/** A catalogue file with all characters escaped. */
const MAX_BODY_BYTES = 700_000;
const MAX_CANCEL_BYTES = 16 * 1024;
/** How long an upload may take: 1 GB at about 1 MB per second. */
const UPLOAD_MS = 15 * 60_000;

/** Everything below `/v1/catalogues`. A key finds the catalogues of its tenant. */
export function registerCatalogues(app: FastifyInstance, deps: CatalogueDeps): void {
  const path = '/v1/catalogues/:name';
  registerEndpoints(app, '/v1/catalogues', { GET: listEndpoint(deps) });
  registerSchedules(app, deps);
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, `${path}/runs`, { GET: listRunsEndpoint(deps), POST: startEndpoint(deps) });
  });
  registerEndpoints(app, `${path}/runs/:run`, { GET: getEndpoint(deps) });
  registerEndpoints(app, `${path}/runs/:run/failures`, { GET: failuresEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, `${path}/runs/:run/cancel`, { POST: cancelEndpoint(deps) });
    registerEndpoints(scope, `${path}/runs/:run/retry`, { POST: retryEndpoint(deps) });
  });
  app.register(async (scope) => {
    // A file is streamed to the store.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    registerEndpoints(scope, `${path}/files/:sha256`, {
      GET: getFileEndpoint(deps),
      PUT: putFileEndpoint(deps),
    });
  });
}

/** Where and when a run is shown. */
const readPlace = (request: FastifyRequest, { clock }: CatalogueDeps) => ({
  base: resolveBaseUrl(request),
  now: clock.now(),
});

const listEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const data = await listCatalogues(deps, tenant);
    return await reply.send({ object: 'list', data } satisfies CatalogueListResponse);
  },
});

const startEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: MAX_BODY_BYTES,
  doc: startDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const body = readJsonBody(request, catalogueRunRequestSchema);
    const { caller } = request;
    const { request: started, isNew } = await startRun(deps, body, {
      tenant: requireTenant(request),
      catalogue: readName(request),
      actor: describeCaller(caller),
      readsBuckets: caller !== undefined && hasRole(caller, 'operate'),
      settings: deps.settings,
      now: deps.clock.now(),
    });
    await deps.queue.add(started);
    if (isNew) await recordStart(deps, request, started);
    const facts = await findRun(deps, started);
    const response = runResponse(facts, readPlace(request, deps));
    return await reply.code(202).header('location', response.links.self).send(response);
  },
});

const recordStart = (
  { auditor }: CatalogueDeps,
  request: FastifyRequest,
  { tenant, catalogue, run, accepted, approved }: RunRequest,
) =>
  auditor.record(request, {
    action: 'catalogue.run',
    target: { kind: 'catalogue', id: runLabel({ catalogue, run }) },
    tenant,
    after: { accepted: accepted.join(', ') || null, approved_price: approved?.price ?? null },
  });

const listRunsEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'read',
  doc: listRunsDoc,
  run: async (request, reply) => {
    const { tenant: wanted, limit = 20, cursor } = readQuery(runsParams, request);
    const tenant = chooseTenant(request, wanted);
    const catalogue = readName(request);
    const { facts, next } = await listCatalogueRuns(deps, { tenant, catalogue }, { limit, cursor });
    const place = readPlace(request, deps);
    return await reply.send({
      object: 'list',
      data: facts.map((one) => runResponse(one, place)),
      next_cursor: next ?? null,
    } satisfies CatalogueRunListResponse);
  },
});

const getEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'read',
  doc: getDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const facts = await findRun(deps, readRunId(request, tenant));
    return await reply.send(runResponse(facts, readPlace(request, deps)));
  },
});

const cancelEndpoint = (deps: CatalogueDeps): Endpoint => ({
  // A key for all tenants cannot have `enqueue`, and an operator must be able to cancel.
  needs: 'enqueue or operate',
  bodyLimit: MAX_CANCEL_BYTES,
  doc: cancelDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const { reason = null } =
      getBodyBytes(request).length === 0 ? {} : readJsonBody(request, catalogueCancelSchema);
    const facts = await cancelCatalogueRun(deps, request, readRunId(request, tenant), reason);
    return await reply.code(202).send(runResponse(facts, readPlace(request, deps)));
  },
});

const failuresEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'read',
  doc: failuresDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const id = readRunId(request, tenant);
    const data = await listFailures(deps, await findRun(deps, id));
    const { catalogue, run } = id;
    return await reply.send({
      object: 'catalogue_failures',
      catalogue,
      run,
      data,
    } satisfies CatalogueFailuresResponse);
  },
});

const retryEndpoint = (deps: CatalogueDeps): Endpoint => ({
  needs: 'enqueue or operate',
  bodyLimit: MAX_CANCEL_BYTES,
  doc: retryDoc,
  run: async (request, reply) => {
    const tenant = chooseTenant(request, readQuery(tenantParams, request).tenant);
    const body: CatalogueRetry =
      getBodyBytes(request).length === 0 ? {} : readJsonBody(request, catalogueRetrySchema);
    const facts = await findRun(deps, readRunId(request, tenant));
    const actor = describeCaller(request.caller);
    const { request: started, isNew } = await startRetry(deps, facts, body, { actor, now: deps.clock.now() });
    await deps.queue.add(started);
    if (isNew)
      await deps.auditor.record(request, {
        action: 'catalogue.retry',
        target: { kind: 'catalogue', id: runLabel(started) },
        tenant,
        after: { retry_of: facts.request.run, price: body.price ?? null },
      });
    const response = runResponse(await findRun(deps, started), readPlace(request, deps));
    return await reply.code(202).header('location', response.links.self).send(response);
  },
});

const getFileEndpoint = ({ store }: CatalogueDeps): Endpoint => ({
  needs: 'enqueue',
  doc: getFileDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const sha256 = readDigest(request);
    const key = uploadedFileKey(requireTenant(request), readName(request), sha256);
    const info = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => store.head(key, { signal }));
    if (!info) throw new ProblemError('catalogue_file_not_found', 'There is no file with this digest.');
    return await reply.send({ object: 'catalogue_file', sha256, bytes: info.size });
  },
});

const putFileEndpoint = ({ store }: CatalogueDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: MAX_FILE_BYTES,
  doc: putFileDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const sha256 = readDigest(request);
    const key = uploadedFileKey(requireTenant(request), readName(request), sha256);
    liftBodyTimeout(request);
    const bytes = await withStoreDeadline(UPLOAD_MS, (signal) =>
      storeFile(store, request, { key, sha256, signal }),
    );
    return await reply.send({ object: 'catalogue_file', sha256, bytes });
  },
});
