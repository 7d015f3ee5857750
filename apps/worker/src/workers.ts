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
  createProcessor,
  decidedBackoff,
  openCancelMarkers,
  openChildren,
  openDeadLetters,
  openWebhookDeadLetters,
} from './bullmq/index.ts';
import { closeWorkers } from './close-workers.ts';
import type { LatencySketch } from './decide/index.ts';
import type { WorkMonitor } from './health/index.ts';
import { resumeSubmissions, sweep, sweepCancelMarkers } from './maintenance/index.ts';
import { createFailure, progressPercent, type RenderDeps, renderStage } from './render/index.ts';
import type { StageFailure } from './stage/stage.ts';
import { type StoreDeps, storeImageStage } from './store-image/index.ts';
import { type SubmitDeps, submitStage } from './submit/index.ts';
import { enqueueWebhooks, type NotifyDeps, webhookStage } from './webhooks/index.ts';

interface WorkersDeps
  extends Omit<SubmitDeps, 'cancelAsked'>,
    StoreDeps,
    Omit<NotifyDeps, 'notifyDeadLetters'> {
  settings: Settings;
  engine: Engine;
  queues: Queues;
  pulse: WorkMonitor;
  latencies: LatencySketch;
}

const LOOKS = 'toapis-queries';

/** Opens one BullMQ worker per queue, each with its stage. */
export function runWorkers(deps: WorkersDeps): { close(): Promise<void> } {
  const { settings, engine, queues, clock, log } = deps;
  const now = () => clock.now();
  const letters = openDeadLetters(queues);
  const cancels = openCancelMarkers(queues);
  const tellEnd: RenderDeps['enqueueWebhooks'] = (receipt, end, signal) =>
    enqueueWebhooks(deps, receipt, end, signal);
  const notesOf = (renderId: string) => queues.render.getJobLogs(renderId).then(({ logs }) => logs);
  const bug = (step: 'submit' | 'store' | 'poll') => (error: unknown) =>
    createFailure(
      deps,
      step,
      'internal_error',
      error instanceof Error ? error.message : String(error),
      error,
    );
  const open = <D, R>(name: string, processor: Processor<D, R>, options: EngineWorkerOptions) => {
    const counted: Processor<D, R> = async (job, token, signal) => {
      deps.pulse.noteActivity();
      try {
        return await processor(job, token, signal);
      } finally {
        deps.pulse.noteActivity();
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
    createProcessor({
      log,
      now,
      progressOf: progressPercent,
      bug: bug('poll'),
      stage: (job) =>
        renderStage(job, {
          ...deps,
          takePollToken: () => engine.counters.take(LOOKS, settings.TOAPIS_QUERY_PER_SECOND),
          blockPolls: (ms) => engine.counters.block(LOOKS, ms),
          inFlight: () => deps.pulse.inFlight(),
          children: openChildren(queues),
          deadLetters: letters,
          cancels,
          enqueueWebhooks: tellEnd,
        }),
      logsOf: notesOf,
      addChild: (call, parent) => addChild(queues, settings, call, parent),
    }),
    { concurrency: settings.RENDER_CONCURRENCY },
  );

  const submit = open<SubmitJob, SubmitResult>(
    QUEUE.submit,
    createProcessor({
      log,
      now,
      bug: bug('submit'),
      stage: (job) =>
        submitStage(job, {
          ...deps,
          cancelAsked: async (renderId) => (await cancels.find(renderId)) !== undefined,
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
    createProcessor({
      log,
      now,
      bug: bug('store'),
      stage: (job) => storeImageStage(job, deps),
      withFailure: (data, failure) => ({ ...data, failure }),
    }),
    { concurrency: settings.STORE_CONCURRENCY, settings: { backoffStrategy: decidedBackoff } },
  );

  const webhook = open<WebhookJob, void>(
    QUEUE.webhook,
    createProcessor<WebhookJob, void, StageFailure>({
      log,
      now,
      bug: (error) => ({ code: 'internal_error', message: deps.scrub(String(error)), chain: [] }),
      stage: (job) => webhookStage(job, { ...deps, notifyDeadLetters: openWebhookDeadLetters(queues) }),
    }),
    { concurrency: settings.WEBHOOK_CONCURRENCY, settings: { backoffStrategy: decidedBackoff } },
  );

  const maintenance = open<MaintenanceJob, void>(
    QUEUE.maintenance,
    createProcessor({
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
        await sweepCancelMarkers(queues, log);
        return { kind: 'done', value: undefined };
      },
    }),
    { concurrency: 1 },
  );

  return { close: () => closeWorkers({ render, submit, store, webhook, maintenance }, deps) };
}
