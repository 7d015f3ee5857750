import { type RunControl, type RunId, runLabel } from '@darkroom/catalogue';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { CatalogueDeps } from './deps.ts';
import { findRun, type RunFacts } from './read-runs.ts';

/**
 * Stops a run from buying. What was bought is still stored and delivered. Safe to repeat.
 *
 * @throws {ProblemError} `catalogue_run_not_found`, `catalogue_run_ended`; {StoreError}, {EngineError}.
 */
export async function cancelCatalogueRun(
  deps: Pick<CatalogueDeps, 'runs' | 'queue' | 'auditor' | 'clock'>,
  request: FastifyRequest,
  id: RunId,
  reason: string | null,
): Promise<RunFacts> {
  const { summary, control } = await findRun(deps, id);
  if (summary && summary.status !== 'canceled')
    throw new ProblemError('catalogue_run_ended', `The run is ${summary.status}.`);
  if (!summary && !control) {
    const next: RunControl = {
      wanted: 'cancel',
      actor: describeCaller(request.caller),
      reason,
      at: deps.clock.now(),
    };
    await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      deps.runs.writeControl(id, next, { signal }),
    );
    await deps.auditor.record(request, {
      action: 'catalogue.cancel',
      target: { kind: 'catalogue', id: runLabel(id) },
      tenant: id.tenant,
      ...(reason === null ? {} : { reason }),
    });
  }
  await deps.queue.wake(id);
  return await findRun(deps, id);
}
