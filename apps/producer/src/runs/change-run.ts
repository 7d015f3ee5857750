import type { RunRef } from '@darkroom/shared/engine';
import type { RedrivePlan } from '@darkroom/shared/redrives';
import { cancelRun, type RunRecord, sealRun } from '@darkroom/shared/runs';
import type { FastifyRequest } from 'fastify';
import { describeCaller, hasRole } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { planRedrive } from '../redrives/index.ts';
import { findRun, type RunEndpointDeps, runNotFound } from './find-run.ts';
import { seesAllRuns } from './list-runs.ts';

/**
 * Seals or cancels a run. Safe to repeat.
 *
 * @throws {ProblemError} `run_not_found`; {StoreError}, {EngineError}.
 */
export async function closeRun(
  deps: Pick<RunEndpointDeps, 'store' | 'engine' | 'queues' | 'auditor' | 'clock'>,
  request: FastifyRequest,
  run: RunRef,
  { action, reason }: { action: 'seal' | 'cancel'; reason?: string | undefined },
): Promise<RunRecord> {
  const close = action === 'seal' ? sealRun : cancelRun;
  const actor = describeCaller(request.caller);
  const record = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
    close(deps, run, { actor, reason, now: deps.clock.now() }, signal),
  );
  if (!record) throw runNotFound();
  // Services do it, too. The record of the run shows that.
  if (request.caller && hasRole(request.caller, 'operate')) {
    await deps.auditor.record(request, {
      action: `run.${action}`,
      target: { kind: 'run', id: run.id },
      tenant: run.tenant,
      reason,
    });
  }
  return record;
}

/** The plan of a redrive of all failed renders of a run. @throws {ProblemError} `run_not_found`; {StoreError}, {EngineError}. */
export async function planRunRedrive(
  deps: Pick<RunEndpointDeps, 'store' | 'redrives'>,
  request: FastifyRequest,
  run: RunRef,
): Promise<RedrivePlan> {
  await findRun(deps, run);
  const filter = { run: run.id, ...(seesAllRuns(request) ? { tenant: run.tenant } : {}) };
  return await planRedrive(deps.redrives, request, { filter });
}
