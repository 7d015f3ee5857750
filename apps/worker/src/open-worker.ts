import type { LimitName } from '@darkroom/api';
import type { Engine, EngineWorkerOptions, Processor } from '@darkroom/shared/engine';
import { createWorkerName } from '@darkroom/shared/queues';
import { decidedBackoff } from './bullmq/index.ts';
import type { LiveLimits } from './control/index.ts';
import type { WorkMonitor } from './health/index.ts';
import type { Infra } from './stage/index.ts';

/** What a worker does with its running jobs when the process stops. */
export type OnShutdown =
  /** Hands them back at once. They lose nothing. */
  | 'hand-back'
  /** Lets them finish, until the time is up. */
  | 'finish-in-time'
  /** Never interrupts them. */
  | 'finish';

export interface OpenWorker {
  concurrency: number;
  close(force?: boolean): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  cancelAllJobs(reason?: string): void;
  onShutdown: OnShutdown;
}

export interface WorkerOpener {
  /** Opens the BullMQ worker of a queue. With `limit`, its concurrency is this live limit. */
  open<D, R>(
    queue: string,
    processor: Processor<D, R>,
    options: EngineWorkerOptions & { onShutdown: OnShutdown; limit?: LimitName },
  ): OpenWorker;
  /** The jobs that run now, by queue. */
  countActive(): Record<string, number>;
}

export interface OpenerDeps {
  settings: Infra['settings'];
  engine: Engine;
  monitor: WorkMonitor;
  limits: LiveLimits;
}

export function createWorkerOpener({ settings, engine, monitor, limits }: OpenerDeps): WorkerOpener {
  const name = createWorkerName();
  const active = new Map<string, number>();
  const countActive = (queue: string, change: number) => active.set(queue, (active.get(queue) ?? 0) + change);
  return {
    open(queue, processor, { onShutdown, limit, ...options }) {
      const monitored: typeof processor = async (job, token, signal) => {
        monitor.noteActivity();
        countActive(queue, 1);
        try {
          return await processor(job, token, signal);
        } finally {
          countActive(queue, -1);
          monitor.noteActivity();
        }
      };
      const worker = engine.worker(queue, monitored, {
        name,
        lockDuration: settings.LOCK_DURATION_MS,
        stalledInterval: Math.max(1000, Math.round(settings.LOCK_DURATION_MS / 2)),
        settings: { backoffStrategy: decidedBackoff },
        ...(limit ? { concurrency: limits.get(limit) } : {}),
        ...options,
      });
      // Another worker has the job now, or will have it soon: this worker must not spend more on it.
      worker.on('lockRenewalFailed', (ids) => {
        for (const id of ids) worker.cancelJob(id, 'the lock was lost');
      });
      if (limit)
        limits.onChange(limit, (value) => {
          const isRaised = value > worker.concurrency;
          worker.concurrency = value;
          // BullMQ would look for more jobs only when a running one ends. In one go, this interrupts nothing.
          if (!isRaised || worker.isPaused()) return;
          void worker.pause(true);
          void worker.resume();
        });
      return Object.assign(worker, { onShutdown });
    },
    countActive: () => Object.fromEntries([...active].filter(([, count]) => count > 0)),
  };
}

/** Stops all workers: {@link OnShutdown} says what happens to their jobs. Gives up soon after `SHUTDOWN_TIMEOUT_MS`. */
export async function closeWorkers(
  open: readonly OpenWorker[],
  { settings, clock, log }: Pick<Infra, 'settings' | 'clock' | 'log'>,
): Promise<void> {
  const cancelJobs = (onShutdown: OnShutdown) => {
    for (const worker of open) if (worker.onShutdown === onShutdown) worker.cancelAllJobs('shutting down');
  };
  const closed = Promise.all(open.map((worker) => worker.close()));
  cancelJobs('hand-back');
  const timer = new AbortController();
  const late = clock.sleep(settings.SHUTDOWN_TIMEOUT_MS, timer.signal).then(
    async () => {
      log.warn('shutdown is late: downloads and webhooks are handed back');
      cancelJobs('finish-in-time');
      await clock.sleep(2000, timer.signal);
      log.error('shutdown gave up: the locks of the running jobs will run out');
    },
    () => undefined,
  );
  await Promise.race([closed, late.catch(() => undefined)]);
  timer.abort();
}
