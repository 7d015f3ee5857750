// Runs: the endpoints below /v1/runs. A worker ends and stops them.
//
// routes.ts        the paths, and what they answer: start here
// create-run.ts    the run that a body defines
// find-run.ts      the run of a request, and the response about it
// list-results.ts  how its renders ended, line by line
// run-events.ts    its changes as server-sent events
// params.ts       path and query parameters
// docs.ts          the operations in the OpenAPI document
export { registerRuns } from './routes.ts';
