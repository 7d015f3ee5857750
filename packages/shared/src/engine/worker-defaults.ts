import type { WorkerOptions } from 'bullmq';
import type { Engine } from './engine.ts';

/**
 * The default options of all workers. Each worker can override them.
 *
 * The jobs of a killed worker start again after at most `lockDuration + stalledInterval`. With a longer lock, a job
 * survives a longer outage of Redis without a second run. With a shorter lock, jobs recover sooner.
 */
export const workerDefaults: Record<Engine['kind'], Partial<WorkerOptions>> = {
  redis: {
    lockDuration: 30_000,
    stalledInterval: 10_000,
    // BullMQ counts stalls over the whole life of a job. With its default of 1, two killed workers would fail a
    // render that was paid for. Steps are idempotent, so a further run does no harm.
    maxStalledCount: 1_000,
    // Seconds: how long an idle worker blocks before it reads the queue without a signal.
    drainDelay: 5,
    // BullMQ waits 15 s after a lost connection before it fetches again.
    runRetryDelay: 1_000,
    // While a queue is rate limited, no worker promotes its delayed jobs: check again this often.
    maximumRateLimitDelay: 2_000,
  },
  pglite: {
    // All workers live in the process that owns the folder. When that process is gone, no worker holds a lock any
    // more, so short locks are safe.
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 1_000,
    drainDelay: 5,
    runRetryDelay: 1_000,
    maximumRateLimitDelay: 2_000,
  },
};
