/*
 * A faithful ToAPIs image server. The map:
 *   start.ts      startSimulator: puts the parts together
 *   main.ts       the command line
 *   flags.ts      its options
 *   options.ts    what can be set, and the defaults
 *   context.ts      the parts, as the routes see them
 *   clock.ts      time and timers, real or moved by hand
 *   random.ts     seeded randomness, one stream per purpose
 *   latency.ts    how long a task takes
 *   quota.ts      the provider's token buckets
 *   requests.ts   what reached the server, counted
 *   billing/      money, the account's balance, the book of all purchases
 *   tasks/        a task's plan, its state at any time, the store, control for tests
 *   faults/       the kinds, rules and prompt directives, the book that plays them
 *   pictures/     the results: scene, caption, insets, cache
 *   storage/      journal and blobs on the disk or in memory
 *   webhooks/     events, signatures, the retry schedule
 *   http/         the API (server.ts has its map)
 */
export type { PurchaseLog, PurchaseRecord, PurchaseTotals } from './billing/purchase-log.ts';
export { type Clock, type ManualClock, manualClock, realClock } from './clock.ts';
export { FAULT_KINDS, type Fault, type FaultKind, type FaultRule } from './faults/fault-kinds.ts';
export type { FaultControl, FaultState } from './faults/fault-schedule.ts';
export type { SimulatorOptions } from './options.ts';
export type { Quota } from './quota.ts';
export type { RequestCounts, RequestLog, RequestRecord } from './requests.ts';
export { type Simulator, startSimulator } from './start.ts';
export type { Latency } from './tasks/latency.ts';
export type { Task } from './tasks/task.ts';
export type { TaskControl } from './tasks/task-control.ts';
