import { RUN } from '@darkroom/api';
import type { Engine, RunRef } from '@darkroom/shared/engine';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import { type RunRecord, RunStore, runResponse } from '@darkroom/shared/runs';
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
import type { IntakeDeps } from '../intake/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import type { RedriveDeps } from '../redrives/index.ts';
import type { RenderReadDeps } from '../renders/index.ts';

/** What the endpoints of runs need. */
export interface RunEndpointDeps {
  store: ObjectStore;
  engine: Engine;
  queues: Queues;
  intake: IntakeDeps;
  read: RenderReadDeps;
  redrives: RedriveDeps;
  auditor: Auditor;
  clock: Clock;
  /** Aborts when the producer closes: streams end then. */
  closing: AbortSignal;
}

/**
 * The run that the `:id` of a path names.
 *
 * @param tenant as the query names it
 * @throws {ProblemError} `run_not_found`, also for another tenant's run: its existence stays secret. `invalid_request`
 * when the tenant is not known.
 */
export function readRunRef(request: FastifyRequest, tenant: string | undefined): RunRef {
  const { id } = request.params as { id: string };
  const own = requireTenant(request);
  const owner = own === ALL_TENANTS || !request.caller?.key ? (tenant ?? own) : own;
  if (owner === ALL_TENANTS)
    throw invalidRequest([{ field: 'tenant', expected: 'the tenant of the run', received: 'nothing' }]);
  if ((tenant !== undefined && tenant !== owner) || !RUN.test(id)) throw runNotFound();
  return { tenant: owner, id };
}

export const runNotFound = () =>
  new ProblemError('run_not_found', 'There is no run with this id. A label of renders alone is no run.');

/** @throws {ProblemError} `run_not_found`; {@link StoreError}. */
export async function findRun(deps: Pick<RunEndpointDeps, 'store'>, run: RunRef): Promise<RunRecord> {
  const record = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    new RunStore(deps.store).readRun(run, { signal }),
  );
  if (!record) throw runNotFound();
  return record;
}

/** The API's response about a run, with its counts. Throws the errors of the engine. */
export async function createRunResponse(
  { engine, clock }: Pick<RunEndpointDeps, 'engine' | 'clock'>,
  request: FastifyRequest,
  record: RunRecord,
) {
  const { tenant, id } = record.definition;
  // The counts of an ended run are in the record of its end.
  const tally = record.isOpen
    ? await withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, engine.runTallies.read({ tenant, id }))
    : undefined;
  return runResponse(record, tally, { base: resolveBaseUrl(request), now: clock.now() });
}
