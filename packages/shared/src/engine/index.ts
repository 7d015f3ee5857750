// The queue engine: Redis in production, PGlite in this process for development.
//
// open-engine.ts      picks the engine for QUEUE_URL and opens it: start here
// engine.ts           the interface that the rest of Darkroom uses, its counters and its error
// queue-url.ts        parses the forms of QUEUE_URL
// worker-defaults.ts  default options of workers
// job-id.ts           ids that BullMQ cannot take for a job
// serialized-queue.ts queues that take data whose JSON is known
// bullmq-factory.ts   makes and closes BullMQ's queues, workers and events on a backend
// errors.ts           which errors mean that the engine is unavailable; time limits
// error-report.ts     reports background errors: throttled, without secrets
// counters.ts         counters over rate-limiter-flexible, for both engines
// budget-counters.ts  sums of purchases for budgets: the interface; memory-budget-counters.ts is the embedded engine's
// run-tallies.ts      counts of renders for runs: the interface; memory-run-tallies.ts is the embedded engine's
// tally-rules.ts      what a change does to a tally, for both engines
// memory-leases.ts    leases in this process, for the embedded engine
// redis/              the engine on Redis
// pglite/             the embedded engine
export type {
  BudgetCounters,
  CountedBudget,
  CountedDays,
  CountedPurchase,
  Reservation,
} from './budget-counters.ts';
export {
  type Counters,
  type Engine,
  type EngineAdvice,
  EngineError,
  type EngineErrorCode,
  type EngineFacts,
  type EngineQueueOptions,
  type EngineWorkerOptions,
  type JobPlace,
  type JobTime,
  type Processor,
} from './engine.ts';
export type { OnEngineError } from './error-report.ts';
export { isUnavailable } from './errors.ts';
export { jobIdProblem } from './job-id.ts';
export { type OpenEngineOptions, openEngine } from './open-engine.ts';
export { parseQueueUrl } from './queue-url.ts';
export {
  type RunClosing,
  type RunRef,
  type RunTallies,
  type RunTally,
  TALLY_STATUSES,
  type TalliedRender,
  type TallyChange,
  type TallyState,
} from './run-tallies.ts';
export { serializedData } from './serialized-queue.ts';
