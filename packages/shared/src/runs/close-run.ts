import { announceChange, ControlStore, type RunStop } from '../control/index.ts';
import type { RunRef } from '../engine/index.ts';
import type { RunDeps } from './create-run.ts';
import type { RunRecord } from './records.ts';
import { requestRunJob } from './run-queue.ts';
import { RunStore } from './run-store.ts';

/** Who closes a run, when and why. */
export interface ClosingRequest {
  actor: string;
  reason?: string | undefined;
  /** Unix milliseconds. */
  now: number;
}

/**
 * Seals a run: it takes no more renders, and ends when its last one has ended. Sealing again changes nothing.
 *
 * @returns the run, or `undefined` when none of this name was created
 * @throws {StoreError}, the errors of the engine
 */
export async function sealRun(
  deps: RunDeps,
  run: RunRef,
  request: ClosingRequest,
  signal?: AbortSignal,
): Promise<RunRecord | undefined> {
  const runs = new RunStore(deps.store);
  const found = await runs.readRun(run, { signal });
  if (!found?.isOpen) return found;
  if (!found.sealed) await runs.writeClosing(run, 'sealed', toRecord(request), { signal });
  await closeTally(deps, run, 'sealed');
  return await runs.readRun(run, { signal });
}

/**
 * Cancels a run: it takes no more renders and buys nothing more, from the moment at which this call resolves. Images that are
 * bought are still stored.
 *
 * @returns as {@link sealRun}
 */
export async function cancelRun(
  deps: RunDeps,
  run: RunRef,
  request: ClosingRequest,
  signal?: AbortSignal,
): Promise<RunRecord | undefined> {
  const runs = new RunStore(deps.store);
  const found = await runs.readRun(run, { signal });
  if (!found?.isOpen) return found;
  const stop = { tenant: run.tenant, run: run.id, at: request.now, cause: 'canceled' } as const;
  // First: it stops all purchases, and the sweep completes what a crash leaves out after it.
  await new ControlStore(deps.store).putRunStop(stop, { signal });
  await announceChange(deps.queues);
  await applyRunStop(deps, stop, request, signal);
  return await runs.readRun(run, { signal });
}

/** Closes a run that buys nothing more, and wakes its waiting renders. Safe to repeat. */
export async function applyRunStop(
  deps: RunDeps,
  { tenant, run: id, cause }: RunStop,
  request: ClosingRequest,
  signal?: AbortSignal,
): Promise<void> {
  const runs = new RunStore(deps.store);
  const run = { tenant, id };
  if (cause === 'canceled') await runs.writeClosing(run, 'canceled', toRecord(request), { signal });
  await runs.writeClosing(run, 'sealed', toRecord(request), { signal });
  await requestRunJob(deps.queues, { kind: 'stop', tenant, id });
  await closeTally(deps, run, cause === 'canceled' ? 'canceled' : 'sealed');
}

const toRecord = ({ actor, reason, now }: ClosingRequest) => ({
  at: now,
  actor,
  ...(reason === undefined ? {} : { reason }),
});

async function closeTally(
  { engine, queues }: RunDeps,
  run: RunRef,
  closing: 'sealed' | 'canceled',
): Promise<void> {
  const { tenant, id } = run;
  const { isReady, remaining, opening } = await engine.runTallies.close(run, closing);
  if (!isReady) await requestRunJob(queues, { kind: 'fill' });
  else if (remaining === 0) await requestRunJob(queues, { kind: 'end', tenant, id, opening });
}
