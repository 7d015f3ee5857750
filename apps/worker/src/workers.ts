import {
  type Checkpoint,
  type Engine,
  type EngineWorkerOptions,
  type MaintenanceJob,
  type Processor,
  QUEUE,
  type Queues,
  type RenderResult,
  type Settings,
  type StoreJob,
  type StoreResult,
  type SubmitJob,
  type SubmitResult,
} from '@darkroom/shared';
import { addChild, childrenOf, deadLettersOf, decidedBackoff, processorOf } from './bullmq/index.ts';
import type { LatencySketch } from './decide/index.ts';
import type { PulseWatch } from './health/index.ts';
import { resumeSubmissions, sweep } from './maintenance/index.ts';
import { failureOf, progressOf, renderStage } from './render/index.ts';
import { type StoreDeps, storeStage } from './store/index.ts';
import { type SubmitDeps, submitStage } from './submit/index.ts';

interface WorkersDeps extends SubmitDeps, StoreDeps {
  settings: Settings;
  engine: Engine;
  queues: Queues;
  pulse: PulseWatch;
  latencies: LatencySketch;
}

const LOOKS = 'toapis-queries';

/** Opens one BullMQ worker per queue, each with its stage. */
export function runWorkers(deps: WorkersDeps): { close(): Promise<void> } {
  const { settings, engine, queues, clock, log } = deps;
  const now = () => clock.now();
  const letters = deadLettersOf(queues);
  const bug = (step: 'submit' | 'store' | 'poll') => (error: unknown) =>
    failureOf(deps, step, 'internal_error', error instanceof Error ? error.message : String(error), error);
  const open = <D, R>(name: string, processor: Processor<D, R>, options: EngineWorkerOptions) => {
    const counted: Processor<D, R> = async (job, token, signal) => {
      deps.pulse.step();
      try {
        return await processor(job, token, signal);
      } finally {
        deps.pulse.step();
      }
    };
    const worker = engine.worker<D, R>(name, counted, {
      lockDuration: settings.LOCK_DURATION_MS,
      stalledInterval: Math.max(1000, Math.round(settings.LOCK_DURATION_MS / 2)),
      ...options,
    });
    // Another worker has the job by now, or soon will: stop spending on it.
    worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) worker.cancelJob(id, 'the lock was lost');
    });
    return worker;
  };

  const render = open<Checkpoint, RenderResult>(
    QUEUE.render,
    processorOf({
      log,
      now,
      progressOf,
      bug: bug('poll'),
      stage: (job) =>
        renderStage(job, {
          ...deps,
          takeLook: () => engine.counters.take(LOOKS, settings.TOAPIS_QUERY_PER_SECOND),
          blockLooks: (ms) => engine.counters.block(LOOKS, ms),
          inFlight: () => deps.pulse.inFlight(),
          children: childrenOf(queues),
          deadLetters: letters,
        }),
      addChild: (call, parent) => addChild(queues, settings, call, parent),
    }),
    { concurrency: settings.RENDER_CONCURRENCY },
  );

  const submit = open<SubmitJob, SubmitResult>(
    QUEUE.submit,
    processorOf({
      log,
      now,
      bug: bug('submit'),
      stage: (job) => submitStage(job, deps),
      withFailure: (data, failure) => ({ ...data, failure }),
      rateLimit: (ms) => queues.submit.rateLimit(ms),
    }),
    {
      concurrency: settings.SUBMIT_CONCURRENCY,
      // Per second, not 300 per minute: the window is fixed, and its edge would let twice as many through.
      limiter: { max: settings.TOAPIS_SUBMIT_PER_SECOND, duration: 1000 },
      settings: { backoffStrategy: decidedBackoff },
    },
  );

  const store = open<StoreJob, StoreResult>(
    QUEUE.store,
    processorOf({
      log,
      now,
      bug: bug('store'),
      stage: (job) => storeStage(job, deps),
      withFailure: (data, failure) => ({ ...data, failure }),
    }),
    { concurrency: settings.STORE_CONCURRENCY, settings: { backoffStrategy: decidedBackoff } },
  );

  const maintenance = open<MaintenanceJob, void>(
    QUEUE.maintenance,
    processorOf({
      log,
      now,
      bug: bug('poll'),
      stage: async (job) => {
        const { data } = job;
        if (data.chore === 'resume-submissions') return resumeSubmissions({ ...job, data }, { ...deps });
        await sweep({ queues, now, log, put: letters.put });
        return { end: 'done', value: undefined };
      },
    }),
    { concurrency: 1 },
  );

  return { close: () => closeWorkers({ render, submit, store, maintenance }, deps) };
}

interface Closable {
  close(force?: boolean): Promise<void>;
  cancelAllJobs(reason?: string): void;
}

/** Stops in the order in which work would be lost: looks at once, submissions never, downloads when time is up. */
async function closeWorkers(
  workers: { render: Closable; submit: Closable; store: Closable; maintenance: Closable },
  { settings, clock, log }: WorkersDeps,
): Promise<void> {
  const { render, submit, store, maintenance } = workers;
  const all = Promise.all([render.close(), submit.close(), store.close(), maintenance.close()]);
  render.cancelAllJobs('shutting down');
  maintenance.cancelAllJobs('shutting down');
  const timer = new AbortController();
  const late = clock.sleep(settings.SHUTDOWN_TIMEOUT_MS, timer.signal).then(
    async () => {
      log.warn('shutdown took too long: downloads are put back');
      store.cancelAllJobs('shutting down');
      await clock.sleep(2000, timer.signal);
      log.error('shutdown took too long: leaving; locks run out by themselves');
    },
    () => undefined,
  );
  await Promise.race([all, late.catch(() => undefined)]);
  timer.abort();
}
