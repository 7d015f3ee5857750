// The pages of runs: their counts, money and end.
//
// pages.ts      GET /runs, /runs/{id}; POST …/seal, cancel, redrive
// list-view.ts  runs as a table (pure)
// run-view.ts   a run (pure)
export { pathOfRun } from './list-view.ts';
export { type RunPageDeps, registerRunPages } from './pages.ts';
