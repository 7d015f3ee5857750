/*
 * The HTTP API:
 *   server.ts              hooks, keys, quota, routes
 *   submit-route.ts, query-route.ts, download-route.ts, upload-route.ts, balance-routes.ts, control-routes.ts
 *   submission.ts          field rules of a submission
 *   submitted-images.ts    rules for its images and mask
 *   apply-fault.ts         applies the faults that come before any work
 *   error-responses.ts     the error envelope, its other forms, gateway pages
 *   request-accounting.ts  counts each request once; hijacks or cuts connections
 */
export { buildServer } from './server.ts';
