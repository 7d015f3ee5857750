import { ALL_TENANTS } from '@darkroom/shared/keys';
import { RunStore } from '@darkroom/shared/runs';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { createRunResponse, findRun, type RunEndpointDeps, runNotFound } from './find-run.ts';

/** Whether the caller sees the runs of all tenants. */
export const seesAllRuns = (request: FastifyRequest): boolean =>
  requireTenant(request) === ALL_TENANTS || !request.caller?.key;

/**
 * A page of the runs that the caller sees, the latest first.
 *
 * @param query.tenant only its runs
 * @throws {ProblemError} `run_not_found` for another tenant; {StoreError}, {EngineError}.
 */
export async function listRuns(
  deps: Pick<RunEndpointDeps, 'store' | 'engine' | 'clock'>,
  request: FastifyRequest,
  { limit, cursor, tenant }: { limit: number; cursor?: string | undefined; tenant?: string | undefined },
) {
  const own = requireTenant(request);
  const seesAll = seesAllRuns(request);
  if (!seesAll && tenant !== undefined && tenant !== own) throw runNotFound();
  const runs = new RunStore(deps.store);
  const listed = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    runs.list({ tenant: seesAll ? tenant : own, cursor, limit, signal }),
  );
  const records = await Promise.all(listed.map((run) => findRun(deps, run)));
  const data = await Promise.all(records.map((record) => createRunResponse(deps, request, record)));
  return { data, next: listed.length === limit ? listed.at(-1)?.cursor : undefined };
}
