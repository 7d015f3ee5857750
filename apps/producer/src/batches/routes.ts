import { batchRun, wakeBatch } from '@darkroom/shared/batches';
import { cancelRun } from '@darkroom/shared/runs';
import type { FastifyInstance } from 'fastify';
import pMap from 'p-map';
import { describeCaller, hasRole } from '../access/index.ts';
import { STORE_DEADLINE_MS, withFallback, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { noQuery, parseBodiesAsBytes, readQuery, requireBodyKind, sendLines } from '../http/index.ts';
import { ProblemError } from '../problems/index.ts';
import { createBatch } from './create-batch.ts';
import { cancelDoc, createDoc, getDoc, listDoc, outputDocs } from './docs.ts';
import { registerFiles } from './file-routes.ts';
import {
  type BatchEndpointDeps,
  batchNotFound,
  chooseTenant,
  createBatchResponse,
  findBatch,
} from './find.ts';
import { listBatchResults, type ResultsPart } from './list-results.ts';
import { formatPage, takePage } from './pages.ts';
import { batchListParams, tenantParams } from './params.ts';
import { sendErrorForOpenAI } from './send-error.ts';

const MAX_BODY_BYTES = 32 * 1024;
/** Batches of a page whose records are read at the same time. */
const PARALLEL = 8;
const WAKE_MS = 1_000;

/** Everything below `/v1/batches` and `/v1/files`. A key of one tenant creates, sees and changes only what is of its tenant. */
export function registerBatches(app: FastifyInstance, deps: BatchEndpointDeps): void {
  app.register(async (scope) => {
    scope.setErrorHandler(sendErrorForOpenAI);
    registerFiles(scope, deps);
    scope.register(async (create) => {
      parseBodiesAsBytes(create);
      create.addHook('onRequest', async (request) => {
        if (request.method === 'POST') requireBodyKind(request, ['json']);
      });
      registerEndpoints(create, '/v1/batches', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
    });
    registerEndpoints(scope, '/v1/batches/:id', { GET: getEndpoint(deps) });
    registerEndpoints(scope, '/v1/batches/:id/output', { GET: resultsEndpoint(deps, 'output') });
    registerEndpoints(scope, '/v1/batches/:id/errors', { GET: resultsEndpoint(deps, 'errors') });
    scope.register(async (cancel) => {
      // It needs no body. It accepts one of any kind.
      parseBodiesAsBytes(cancel);
      registerEndpoints(cancel, '/v1/batches/:id/cancel', { POST: cancelEndpoint(deps) });
    });
  });
}

const createEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'enqueue',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const batch = await createBatch(deps, request);
    return await reply.send(await createBatchResponse(deps, request, batch));
  },
});

const listEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    const { tenant, limit = 20, after } = readQuery(batchListParams, request);
    const owner = chooseTenant(request, tenant, batchNotFound);
    const { items, hasMore } = await withStoreDeadline(STORE_DEADLINE_MS.several, async (signal) => {
      const last =
        after === undefined ? undefined : await deps.batches.read({ tenant: owner, id: after }, { signal });
      if (after !== undefined && !last) throw batchNotFound();
      return await takePage(deps.batches.list(owner, last, { signal }), limit);
    });
    const data = await pMap(items, (batch) => createBatchResponse(deps, request, batch), {
      concurrency: PARALLEL,
    });
    return await reply.send(formatPage(data, hasMore));
  },
});

const getEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'read',
  doc: getDoc,
  run: async (request, reply) => {
    const { tenant } = readQuery(tenantParams, request);
    const batch = await findBatch(deps, request, tenant);
    return await reply.send(await createBatchResponse(deps, request, batch));
  },
});

const resultsEndpoint = (deps: BatchEndpointDeps, part: ResultsPart): Endpoint => ({
  needs: 'read',
  doc: outputDocs[part],
  run: async (request, reply) => {
    const { tenant } = readQuery(tenantParams, request);
    const batch = await findBatch(deps, request, tenant);
    return await sendLines(request, reply, listBatchResults(deps, request, batch, part));
  },
});

const cancelEndpoint = (deps: BatchEndpointDeps): Endpoint => ({
  needs: 'enqueue or operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: cancelDoc,
  run: async (request, reply) => {
    const { batches, queues, clock, auditor } = deps;
    const { tenant } = readQuery(tenantParams, request);
    const batch = await findBatch(deps, request, tenant);
    const before = await createBatchResponse(deps, request, batch);
    if (before.status === 'cancelled') return await reply.send(before);
    if (['failed', 'completed', 'expired'].includes(before.status))
      throw new ProblemError('batch_ended', `The batch is ${before.status}.`);
    const actor = describeCaller(request.caller);
    const now = clock.now();
    await withStoreDeadline(STORE_DEADLINE_MS.several, async (signal) => {
      // First: the worker reads it after it has created the run, and then stops the run itself.
      await batches.writeCancel(batch, { at: now, actor }, { signal });
      await cancelRun(deps, batchRun(batch), { actor, reason: 'the batch was canceled', now }, signal);
    });
    await withFallback(WAKE_MS, wakeBatch(queues, batch), undefined);
    // Services do it, too. The record of the batch shows that.
    if (request.caller && hasRole(request.caller, 'operate')) {
      const target = { kind: 'batch', id: batch.id } as const;
      await auditor.record(request, { action: 'batch.cancel', target, tenant: batch.tenant });
    }
    return await reply.send(await createBatchResponse(deps, request, batch));
  },
});
