import { isStoreAway } from '@darkroom/shared/object-store';
import type { RunJob } from '@darkroom/shared/queues';
import type { StageJob, StageOutcome } from '../stage/index.ts';
import { endRun } from './end-run.ts';
import { fillTallies } from './fill-tallies.ts';
import type { RunStageDeps } from './run-deps.ts';
import { stopRun } from './stop-run.ts';

/** How long a job waits for a store that is away, or for a restore. */
const RETRY_MS = 1_000;

/** Runs a job about runs. Every one of them may be interrupted and repeated. */
export async function runStage(
  job: StageJob<RunJob>,
  deps: RunStageDeps,
): Promise<StageOutcome<void, RunJob>> {
  const { data, signal } = job;
  try {
    switch (data.kind) {
      case 'fill':
        await fillTallies(deps, signal);
        break;
      case 'stop':
        await stopRun(deps, data, signal);
        break;
      case 'end':
        if ((await endRun(deps, data, signal)) === 'later') return { kind: 'wait', afterMs: RETRY_MS, data };
        break;
    }
    return { kind: 'done', value: undefined };
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    deps.log.warn({ kind: data.kind, err: error.message }, 'store away: the work on runs waits');
    return { kind: 'wait', afterMs: RETRY_MS, data };
  }
}
