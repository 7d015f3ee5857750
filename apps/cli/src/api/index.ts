// api.ts          the API as the command line uses it
// redrive-api.ts  …dead letters and redrives
// run-api.ts      …runs
// batch-api.ts    …batches and their files
// money-api.ts    …money
// catalogue-api.ts  …reviews of catalogues
// control-api.ts …limits and workers
// catalogue-api.ts …catalogues
// send.ts         queries and pages
export { type Api, openApi } from './api.ts';
export type { NamedBatch } from './batch-api.ts';
export type { RunAddress } from './catalogue-api.ts';
export type { Selection } from './redrive-api.ts';
export type { NamedRun } from './run-api.ts';
