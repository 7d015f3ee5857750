// api.ts          the API as the command line uses it
// redrive-api.ts  …dead letters and redrives
// money-api.ts    …money
// catalogue-api.ts  …reviews of catalogues
// control-api.ts …limits and workers
// send.ts         queries and pages
export { type Api, openApi } from './api.ts';
export type { Selection } from './redrive-api.ts';
