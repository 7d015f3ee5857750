// Runs: renders that belong together. The store says how they ended; the engine counts them.
//
// run-stage.ts     the jobs of the queue `run`: start here
// run-deps.ts      what these jobs need
// run-tracker.ts   counts the renders as they move; requests the end of a run
// fill-tallies.ts  counts the renders of runs again after the engine has lost the counts
// end-run.ts       ends a run, once
// stop-run.ts      wakes the renders of a canceled run that were not bought
// sweep-runs.ts    completes what dead processes left
export type { RunStageDeps } from './run-deps.ts';
export { runStage } from './run-stage.ts';
export { createRunTracker, type RunTracker } from './run-tracker.ts';
export { type RunSweepMemory, sweepRuns } from './sweep-runs.ts';
