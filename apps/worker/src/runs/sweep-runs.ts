import type { ControlReader } from '@darkroom/shared/control';
import type { RunRef, RunTally } from '@darkroom/shared/engine';
import { isStoreAway } from '@darkroom/shared/object-store';
import { QUEUE } from '@darkroom/shared/queues';
import {
  applyRunStop,
  type OpenRun,
  placeReceipt,
  RunStore,
  requestRunJob,
  withdrawFromRun,
} from '@darkroom/shared/runs';
import type { Infra } from '../stage/index.ts';
import type { RunStageDeps } from './run-deps.ts';
import { requestEndIfOver } from './run-tracker.ts';

/** What earlier sweeps found: since when (Unix ms) a run has had the same number of remaining renders. */
export type RunSweepMemory = Map<string, { remaining: number; since: number }>;

export interface SweepRunsDeps extends RunStageDeps, Pick<Infra, 'ledger'> {
  control: Pick<ControlReader, 'refresh'>;
  memory: RunSweepMemory;
  signal: AbortSignal;
}

/** A render that the intake has accepted is in the queue by then, also if a sweep of the journal had to add it. */
const LOST_AFTER_MS = 15 * 60_000;

/**
 * Completes what dead processes left: runs whose tallies are not complete, closed runs whose last render ended without their
 * end, deadlines that have passed, and renders that a tally counts although no queue has them.
 */
export async function sweepRuns(deps: SweepRunsDeps): Promise<void> {
  const { store, engine, memory, log, signal } = deps;
  try {
    await applyDueStops(deps);
    const seen = new Set<string>();
    let isLost = false;
    for await (const run of new RunStore(store).listOpen({ signal })) {
      const tally = await engine.runTallies.read(run);
      seen.add(nameRun(run));
      if (tally?.isReady) await sweepRun(deps, run, tally);
      else isLost = true;
    }
    for (const name of memory.keys()) if (!seen.has(name)) memory.delete(name);
    if (isLost) await requestRunJob(deps.queues, { kind: 'fill' });
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: the next sweep of runs goes on');
  }
}

const nameRun = ({ tenant, id }: RunRef) => `${tenant}/${id}`;

async function applyDueStops(deps: SweepRunsDeps): Promise<void> {
  const { control, clock, store, signal } = deps;
  const now = clock.now();
  for (const stop of (await control.refresh()).runStops) {
    if (stop.at > now) continue;
    const run = { tenant: stop.tenant, id: stop.run };
    if (!(await new RunStore(store).isOpen(run, { signal }))) continue;
    const reason = stop.cause === 'deadline' ? 'its deadline has passed' : undefined;
    await applyRunStop(deps, stop, { actor: 'darkroom', reason, now: stop.at }, signal);
  }
}

async function sweepRun(deps: SweepRunsDeps, run: OpenRun, tally: RunTally): Promise<void> {
  const { engine, memory, clock, store, signal } = deps;
  const runs = new RunStore(store);
  let state: Omit<RunTally, 'counts' | 'endedPerMinute'> = tally;
  // The engine may have lost this, or a process died before it had written it there.
  if (!tally.closed && (await runs.readClosing(run, 'sealed', { signal })))
    state = { ...tally, ...(await engine.runTallies.close(run, 'sealed')) };
  await requestEndIfOver(deps, run, state);
  const name = nameRun(run);
  const known = memory.get(name);
  const now = clock.now();
  if (known?.remaining !== tally.remaining) memory.set(name, { remaining: tally.remaining, since: now });
  else if (tally.remaining > 0 && tally.closed && now - known.since >= LOST_AFTER_MS) {
    memory.delete(name);
    await correctRemaining(deps, run);
  }
}

/** Renders that the queue does not have: those with a receipt have ended, the others were never accepted. */
async function correctRemaining(deps: SweepRunsDeps, run: RunRef): Promise<void> {
  const { engine, ledger, log, signal } = deps;
  for await (const ids of engine.runTallies.listRenders(run, ['queued', 'rendering', 'storing'])) {
    const existing = await engine.findExistingJobs(QUEUE.render, ids);
    for (const id of ids.filter((one) => !existing.has(one))) {
      const receipt = await ledger.readReceipt(id, signal);
      if (receipt) await engine.runTallies.change(run, 'move', [placeReceipt(receipt)]);
      else await withdrawFromRun(deps, run, [id]);
      log.warn({ ...run, renderId: id }, 'runs: a render was counted that no queue has');
    }
  }
}
