import type { QueueOptions, WorkerOptions } from 'bullmq';
import type { Engine } from './engine.ts';

/**
 * What every worker starts from; each can override any of it.
 *
 * A killed worker's jobs start again after at most `lockDuration + stalledInterval`. A longer lock outlives
 * longer outages of Redis without a second run, a shorter one recovers sooner.
 */
export const workerDefaults: Record<Engine['kind'], Partial<WorkerOptions>> = {
  redis: {
    lockDuration: 30_000,
    stalledInterval: 10_000,
    // It counts over the whole life of a job and never resets. At BullMQ's 1, two killed workers are enough
    // to fail a render that was paid for; steps are idempotent, so being taken again harms nothing.
    maxStalledCount: 1_000,
    // Seconds an idle worker blocks before it looks by itself.
    drainDelay: 5,
    // BullMQ waits 15 s after a lost connection before it fetches again.
    runRetryDelay: 1_000,
    // While a queue is rate limited nobody promotes its delayed jobs: look again this often.
    maximumRateLimitDelay: 2_000,
  },
  pglite: {
    // The workers live in the process that owns the folder: a process that is gone takes all of them along,
    // so that its jobs can be taken again soon.
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 1_000,
    drainDelay: 5,
    runRetryDelay: 1_000,
    maximumRateLimitDelay: 2_000,
  },
};

const DAY_SECONDS = 24 * 3_600;

const everyQueue = {
  stackTraceLimit: 5,
  keepLogs: 200,
};

// The events carry return values; whoever reads slower than this many events loses some.
const streams = { events: { maxLen: 10_000 } };

/** What every queue starts from. BullMQ keeps finished jobs for ever unless told. */
export const queueDefaults = {
  redis: {
    defaultJobOptions: {
      ...everyQueue,
      removeOnComplete: { age: 7 * DAY_SECONDS, count: 100_000 },
      removeOnFail: { age: 30 * DAY_SECONDS, count: 100_000 },
    },
    streams,
  },
  pglite: {
    defaultJobOptions: {
      ...everyQueue,
      // No count: there, each completion walks over all jobs that are kept. 8,000 of them made it ten times slower.
      removeOnComplete: { age: 7 * DAY_SECONDS },
      removeOnFail: { age: 30 * DAY_SECONDS },
    },
    streams,
  },
} satisfies Record<Engine['kind'], Partial<QueueOptions>>;
