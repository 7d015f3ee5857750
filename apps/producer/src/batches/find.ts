import type { BatchResponse } from '@darkroom/api';
import { BATCH_ID, FILE_ID } from '@darkroom/api';
import {
  type BatchFacts,
  type BatchRecord,
  type BatchStore,
  batchResponse,
  batchRun,
  type FileRecord,
  type FileStore,
} from '@darkroom/shared/batches';
import type { Engine } from '@darkroom/shared/engine';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import { readRun } from '@darkroom/shared/runs';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import {
  QUEUE_DEADLINE_MS,
  STORE_DEADLINE_MS,
  withQueueDeadline,
  withStoreDeadline,
} from '../backends/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import type { RenderReadDeps } from '../renders/index.ts';

/** What the endpoints of batches and files need. */
export interface BatchEndpointDeps {
  store: ObjectStore;
  engine: Engine;
  queues: Queues;
  batches: BatchStore;
  files: FileStore;
  read: RenderReadDeps;
  auditor: Auditor;
  clock: Clock;
}

/**
 * The tenant of a call. A key of all tenants names it in the query.
 *
 * @throws {ProblemError} `invalid_request`; `notFound` for another tenant: what it has stays secret.
 */
export function chooseTenant(
  request: FastifyRequest,
  tenant: string | undefined,
  notFound: () => ProblemError,
): string {
  const own = requireTenant(request);
  const owner = own === ALL_TENANTS || !request.caller?.key ? (tenant ?? own) : own;
  if (owner === ALL_TENANTS)
    throw invalidRequest([{ field: 'tenant', expected: 'the name of a tenant', received: 'nothing' }]);
  if (tenant !== undefined && tenant !== owner) throw notFound();
  return owner;
}

export const batchNotFound = () => new ProblemError('batch_not_found', 'There is no batch with this id.');
export const fileNotFound = () => new ProblemError('file_not_found', 'There is no file with this id.');

/** @throws {ProblemError} `batch_not_found`; {@link StoreError}. */
export async function findBatch(
  { batches }: Pick<BatchEndpointDeps, 'batches'>,
  request: FastifyRequest,
  tenant: string | undefined,
): Promise<BatchRecord> {
  const owner = chooseTenant(request, tenant, batchNotFound);
  const { id } = request.params as { id: string };
  if (!BATCH_ID.test(id)) throw batchNotFound();
  const batch = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    batches.read({ tenant: owner, id }, { signal }),
  );
  if (!batch) throw batchNotFound();
  return batch;
}

/** @throws {ProblemError} `file_not_found`; {@link StoreError}. */
export async function findFile(
  { files }: Pick<BatchEndpointDeps, 'files'>,
  tenant: string,
  id: string,
): Promise<FileRecord> {
  if (!FILE_ID.test(id)) throw fileNotFound();
  const file = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    files.read({ tenant, id }, { signal }),
  );
  if (!file) throw fileNotFound();
  return file;
}

/** All that is known of a batch. Throws {@link StoreError}, and the errors of the engine. */
async function readFacts(deps: BatchEndpointDeps, batch: BatchRecord): Promise<BatchFacts> {
  const { batches, store, engine } = deps;
  const [check, cancel, end, run] = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
    Promise.all([
      batches.readCheck(batch, { signal }),
      batches.readCancel(batch, { signal }),
      batches.readEnd(batch, { signal }),
      readRun(store, batchRun(batch), { signal }),
    ]),
  );
  // The counts of an ended run are in the record of its end.
  const tally = run?.isOpen
    ? await withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, engine.runTallies.read(batchRun(batch)))
    : undefined;
  return { batch, check, cancel, end, run, tally };
}

export async function createBatchResponse(
  deps: BatchEndpointDeps,
  request: FastifyRequest,
  batch: BatchRecord,
): Promise<BatchResponse> {
  const facts = await readFacts(deps, batch);
  return batchResponse(facts, { base: resolveBaseUrl(request), now: deps.clock.now() });
}
