import { removeBudget } from '@darkroom/shared/budgets';
import { ControlStore } from '@darkroom/shared/control';
import type { RunTally } from '@darkroom/shared/engine';
import { readQueueState } from '@darkroom/shared/queues';
import { listEnded, type OpenRun, type RunEnd, RunStore, runBudgetName } from '@darkroom/shared/runs';
import { fillTallies } from './fill-tallies.ts';
import type { RunStageDeps } from './run-deps.ts';

/**
 * Ends a closed run whose renders have all ended, once: the record of the end is written with put-if-absent, and all that
 * follows may be repeated (I6). The sweep calls it again for a run that a crash left among the open ones.
 *
 * @returns `later`: the queue or the counts are not complete
 */
export async function endRun(
  deps: RunStageDeps,
  run: OpenRun,
  signal: AbortSignal,
): Promise<'done' | 'later'> {
  const { store, engine, log } = deps;
  const runs = new RunStore(store);
  const { opening } = run;
  let end = await runs.readEnd(run, opening, { signal });
  if (!end) {
    const tally = await engine.runTallies.read(run);
    if (!tally?.isReady || !tally.closed || tally.remaining > 0 || tally.opening !== opening) return 'done';
    // Before a restore has ended, the engine may lack renders that were accepted.
    if ((await readQueueState(engine, deps.queues)) !== 'complete') return 'later';
    end = await sumEnds(deps, run, signal);
    if (!agrees(end, tally)) {
      log.warn({ ...run, end, counts: tally.counts }, 'runs: the counts are not those of the store');
      await repairTally(deps, run, signal);
      return 'later';
    }
    if (await isLastEnd(runs, run, end, signal)) return await forgetOpening(deps, run, signal);
    // Another worker may write it at the same time. The first one counts.
    if (!(await runs.writeEnd(run, end, { signal })))
      end = (await runs.readEnd(run, opening, { signal })) ?? end;
    else log.info({ ...run, ...end }, 'run finished');
  }
  await deps.enqueueRunWebhooks(run, end, signal);
  await new ControlStore(store).removeRunStops({ tenant: run.tenant, run: run.id }, { signal });
  await removeBudget(store, runBudgetName(run), signal);
  return await forgetOpening(deps, run, signal);
}

/**
 * Whether nothing has ended since the last end: a worker that was killed had counted an end of a render, and another one
 * has written that end again.
 */
async function isLastEnd(runs: RunStore, run: OpenRun, end: RunEnd, signal: AbortSignal): Promise<boolean> {
  const last = await runs.findLastEnd(run, { signal });
  // The end of this opening, which another worker has just written, is not an earlier one.
  if (last === 0 || last >= run.opening) return false;
  return (await runs.readEnd(run, last, { signal }))?.renderEnds === end.renderEnds;
}

/** The run is not open any more. */
async function forgetOpening(
  { store, engine }: RunStageDeps,
  run: OpenRun,
  signal: AbortSignal,
): Promise<'done'> {
  const { opening } = run;
  const runs = new RunStore(store);
  // A redrive may have begun since the renders were counted: then the run is open again.
  const finished = await engine.runTallies.finish(run, opening);
  if (finished !== 'removed') await runs.markOpen(run, opening + 1, { signal });
  await runs.markEnded(run, opening, { signal });
  return 'done';
}

async function sumEnds({ store, clock }: RunStageDeps, run: OpenRun, signal: AbortSignal): Promise<RunEnd> {
  const end: RunEnd = {
    end: run.opening,
    endedAt: clock.now(),
    completed: 0,
    failed: 0,
    canceled: 0,
    cost: { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 },
    renderEnds: 0,
  };
  for await (const entry of listEnded(store, run, { signal })) {
    // It runs again.
    if (entry.isRedriven) continue;
    end[entry.status] += 1;
    end.renderEnds += entry.end;
    end.cost.spentMicros += entry.spentMicros;
    end.cost.refundedMicros += entry.refundedMicros;
    end.cost.possiblySpentMicros += entry.possiblySpentMicros;
  }
  return end;
}

const agrees = (end: RunEnd, { counts }: RunTally) =>
  (['completed', 'failed', 'canceled'] as const).every((status) => end[status] === counts[status]);

/** Forgets the counts and makes them again from the store. */
async function repairTally(deps: RunStageDeps, run: OpenRun, signal: AbortSignal): Promise<void> {
  await deps.engine.runTallies.finish(run, run.opening);
  await fillTallies(deps, signal);
}
