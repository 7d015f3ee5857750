/**
 * Where the queues live: Redis in production, PGlite in this process for development.
 *
 * open-engine     picks the engine for QUEUE_URL and opens it; start here
 * engine          the interface that the rest of Darkroom sees, and its errors
 * counters        the interface of shared quotas
 * queue-url       the forms of QUEUE_URL, parsed
 * defaults        what every queue and worker starts from
 * job-id          ids that a job cannot have
 * bull-set        makes BullMQ's queues, workers and events on an engine's footing, closes them
 * errors          which failures mean "away"; deadlines
 * error-report    background errors: throttled, without secrets
 * rate-counters   counters over rate-limiter-flexible, for both engines
 * redis/          redis-engine; connections (two tempers, three topologies); backends (fail fast, brake);
 *                 job-texts (many jobs' data at once); advice
 * pglite/         pglite-engine; pool (PGlite as a pg.Pool); folder-lock; maintenance (what autovacuum would do)
 */
export type { Counters } from './counters.ts';
export { queueDefaults, workerDefaults } from './defaults.ts';
export {
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineQueueOptions,
  type EngineWorkerOptions,
  type Processor,
} from './engine.ts';
export type { OnEngineError } from './error-report.ts';
export { isUnavailable } from './errors.ts';
export { jobIdProblem } from './job-id.ts';
export { type OpenEngineOptions, openEngine } from './open-engine.ts';
export { parseQueueUrl } from './queue-url.ts';
