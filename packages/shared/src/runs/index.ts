// Runs: renders that belong together, such as one night's catalogue. The store has the truth; the engine has counts.
//
// records.ts     the records in the store: definition, closings, end
// run-store.ts   reads, writes and lists them
// create-run.ts  creates a run; adds renders to it
// close-run.ts   seals or cancels a run (main decision: the order of its writes)
// list-ended.ts  how the renders of a run ended, from keys alone
// places.ts      where a render stands in the tally of its run
// run-queue.ts   requests jobs about runs
// run-response.ts  the API's response about a run, and the lines of its results (pure)
export {
  applyRunStop,
  type ClosingRequest,
  cancelRun,
  sealRun,
} from './close-run.ts';
export {
  addToRun,
  createRun,
  RunConflictError,
  type RunDeps,
  runBudgetName,
  withdrawFromRun,
} from './create-run.ts';
export { listEnded } from './list-ended.ts';
export { placeCheckpoint, placeEnd, placeReceipt } from './places.ts';
export type { RunClosingRecord, RunDefinition, RunEnd, RunRecord } from './records.ts';
export { requestRunJob } from './run-queue.ts';
export { runResponse, runResultLine } from './run-response.ts';
export { type ListedRun, type OpenRun, RunStore, readRun } from './run-store.ts';
