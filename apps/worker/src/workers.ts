import { type Settings } from '@darkroom/shared/config';
import { type Engine, type EngineWorkerOptions, type Processor } from '@darkroom/shared/engine';
import {
  type MaintenanceJob,
  QUEUE,
  type Queues,
  type RenderResult,
  type StoreJob,
  type StoreResult,
  type SubmitJob,
  type SubmitResult,
  type WebhookJob,
} from '@darkroom/shared/queues';
import { type Checkpoint } from '@darkroom/shared/render';
import {
  addChild,
  cancelsOf,
  childrenOf,
  deadLettersOf,
  decidedBackoff,
  notifyDeadLettersOf,
  processorOf,
} from './bullmq/index.ts';
import { closeWorkers } from './close-workers.ts';
import type { LatencySketch } from './decide/index.ts';
import type { PulseWatch } from './health/index.ts';
import { resumeSubmissions, sweep, sweepCancels } from './maintenance/index.ts';
import { announce, type NotifyDeps, notifyStage } from './webhooks/index.ts';
import { failureOf, progressOf, type RenderDeps, renderStage } from './render/index.ts';
import type { Death } from './stage/stage.ts';
import { type StoreDeps, storeStage } from './store-image/index.ts';
import { type SubmitDeps, submitStage } from './submit/index.ts';

interface WorkersDeps
  extends Omit<SubmitDeps, 'cancelAsked'>,
    StoreDeps,
    Omit<NotifyDeps, 'notifyDeadLetters'> {
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
  const cancels = cancelsOf(queues);
  const tellEnd: RenderDeps['announce'] = (receipt, end, signal) => announce(deps, receipt, end, signal);
  const notesOf = (renderId: string) => queues.render.getJobLogs(renderId).then(({ logs }) => logs);
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
          cancels,
          announce: tellEnd,
        }),
      logsOf: notesOf,
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
      stage: (job) =>
        submitStage(job, {
          ...deps,
          cancelAsked: async (renderId) => (await cancels.asked(renderId)) !== undefined,
        }),
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

  const webhook = open<WebhookJob, void>(
    QUEUE.webhook,
    processorOf<WebhookJob, void, Death>({
      log,
      now,
      bug: (error) => ({ code: 'internal_error', message: deps.scrub(String(error)), chain: [] }),
      stage: (job) => notifyStage(job, { ...deps, notifyDeadLetters: notifyDeadLettersOf(queues) }),
    }),
    { concurrency: settings.WEBHOOK_CONCURRENCY, settings: { backoffStrategy: decidedBackoff } },
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
        await sweep({
          queues,
          now,
          log,
          ledger: deps.ledger,
          put: letters.put,
          announce: tellEnd,
          signal: job.signal,
        });
        await sweepCancels(queues, log);
        return { end: 'done', value: undefined };
      },
    }),
    { concurrency: 1 },
  );

  return { close: () => closeWorkers({ render, submit, store, webhook, maintenance }, deps) };
}
