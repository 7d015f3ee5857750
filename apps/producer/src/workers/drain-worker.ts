import { drainRequestSchema, WORKER_NAME, type WorkerResponse } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { LiveControls } from '../backends/index.ts';
import { checkRequest, ProblemError } from '../problems/index.ts';
import { workerResponse } from './responses.ts';

export interface WorkerDeps {
  controls: LiveControls;
  clock: Clock;
  auditor: Auditor;
}

/** The workers that were seen and did not stop in order, by name. */
export async function listWorkers({ controls }: Pick<WorkerDeps, 'controls'>): Promise<WorkerResponse[]> {
  const [{ drains }, { now, records }] = await Promise.all([controls.readState(), controls.readWorkers()]);
  return records.map((record) =>
    workerResponse(record, { now, drain: drains.find(({ worker }) => worker === record.name) }),
  );
}

/**
 * Drains a worker, or lets it take jobs again, and records it. A call that changes nothing is not recorded.
 *
 * @param value the body of the request to drain; `undefined` ends the drain
 * @throws {ProblemError} `worker_not_found`, `invalid_request`.
 */
export async function setDrain(
  deps: WorkerDeps,
  request: FastifyRequest,
  name: string,
  value: unknown,
): Promise<WorkerResponse> {
  const { controls, clock, auditor } = deps;
  const before = await findWorker(deps, name);
  const body = value === undefined ? undefined : checkRequest(value, drainRequestSchema);
  if (body) {
    const actor = describeCaller(request.caller);
    await controls.putDrain({ worker: name, actor, reason: body.reason, since: clock.now() });
  } else {
    await controls.removeDrain(name);
  }
  if (body !== undefined || before.drain !== null) {
    await auditor.record(request, {
      action: body ? 'worker.drain' : 'worker.undrain',
      target: { kind: 'worker', id: name },
      tenant: ALL_TENANTS,
      reason: body?.reason,
      before: { drain: before.drain !== null, state: before.state },
      after: { drain: body !== undefined },
    });
  }
  return await findWorker(deps, name);
}

async function findWorker(deps: WorkerDeps, name: string): Promise<WorkerResponse> {
  const worker = WORKER_NAME.test(name)
    ? (await listWorkers(deps)).find((one) => one.name === name)
    : undefined;
  if (!worker) throw new ProblemError('worker_not_found', 'No worker with this name was seen.');
  return worker;
}
