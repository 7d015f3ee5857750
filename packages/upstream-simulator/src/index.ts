/*
 * A ToAPIs image server. Each layer imports only the layers below it:
 *   main.ts       the command line; flags.ts parses its options
 *   start.ts      startSimulator: composes the server and restores its state
 *   http/         the API and the control routes
 *   context.ts    the components that the routes use
 *   options.ts    options and their defaults
 *   billing/      balance and purchase log
 *   images/       result images
 *   webhooks/     events, signatures, retries
 *   tasks/        plan, status, store and control of tasks
 *   faults/       fault kinds, rules, schedule
 *   storage/      journal and blobs, on the disk or in memory
 *   quota.ts      token buckets
 *   requests.ts   counts of the requests
 *   clock.ts, money.ts, random.ts
 */
export type { PurchaseLog, PurchaseRecord, PurchaseTotals } from './billing/index.ts';
export { type Clock, type ManualClock, manualClock, realClock } from './clock.ts';
export {
  FAULT_KINDS,
  type Fault,
  type FaultControl,
  type FaultKind,
  type FaultRule,
  type FaultState,
} from './faults/index.ts';
export type { SimulatorOptions } from './options.ts';
export type { Quota } from './quota.ts';
export { createStream, type Random } from './random.ts';
export type { RequestCounts, RequestLog, RequestRecord } from './requests.ts';
export { type Simulator, startSimulator } from './start.ts';
export type { Latency, Task, TaskControl } from './tasks/index.ts';
