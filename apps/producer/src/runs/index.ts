// Runs: the endpoints below /v1/runs. A worker ends and stops them.
//
// routes.ts        the paths, and what they answer: start here
// create-run.ts    the run that a body defines
// find-run.ts      the run of a request, and the response about it
// list-runs.ts     a page of runs
// change-run.ts    seals, cancels, plans a redrive
// list-results.ts  how its renders ended, line by line
// run-events.ts    its changes as server-sent events
// params.ts       path and query parameters
// docs.ts          the operations in the OpenAPI document
export { closeRun, planRunRedrive } from './change-run.ts';
export { createRunResponse, findRun, type RunEndpointDeps, readRunRef } from './find-run.ts';
export { listRuns, seesAllRuns } from './list-runs.ts';
export { registerRuns } from './routes.ts';
