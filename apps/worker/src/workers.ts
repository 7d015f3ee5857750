import type { LimitName } from '@darkroom/api';
import type { ControlReader } from '@darkroom/shared/control';
import type { Engine, EngineWorkerOptions, Processor, RunRef } from '@darkroom/shared/engine';
import type { LinkSigner } from '@darkroom/shared/keys';
import {
  type AnyWebhookJob,
  createExpiringImageReader,
  createWorkerName,
  type MaintenanceJob,
  QUEUE,
  type Queues,
  type RedriveJob,
  type RenderResult,
  type Repair,
  type RestoreJob,
  type RestoreReport,
  type RunJob,
  readQueueState,
  type StoreJob,
  type StoreResult,
  type SubmitJob,
  type SubmitResult,
  type SweepReport,
} from '@darkroom/shared/queues';
import { type RedriveStore, resumeRedrives } from '@darkroom/shared/redrives';
import type { Checkpoint, Receipt } from '@darkroom/shared/render';
import { type RunEnd, requestRunJob } from '@darkroom/shared/runs';
import { errorMessage } from '@darkroom/shared/runtime';
import { createBudgetSweepMemory, openBudgetGate, sweepBudgets } from './budgets/index.ts';
import {
  addChild,
  createProcessor,
  createWebhookWaker,
  decidedBackoff,
  openCancelMarkers,
  openChildren,
  openDeadLetters,
  openFailedRenders,
  openWebhookDeadLetters,
} from './bullmq/index.ts';
import {
  createSubmitLimiter,
  type DrainedWorkers,
  type LiveLimits,
  sweepControl,
  sweepLimits,
  sweepWorkers,
} from './control/index.ts';
import { LatencySketch } from './decide/index.ts';
import type { WorkMonitor } from './health/index.ts';
import {
  checkAccount,
  createReceiptSweepMemory,
  createSweepMemory,
  openAccountGate,
  recordBalance,
  reportRepairs,
  scheduleSweep,
  sweep,
  sweepAccountStop,
  sweepCancelMarkers,
  sweepDelays,
  sweepHolds,
  sweepReceipts,
  type WarnedRenders,
  warnOfExpiringImages,
} from './maintenance/index.ts';
import { computeRedriveProgress, redriveStage } from './redrive/index.ts';
import { computeProgress, renderStage } from './render/index.ts';
import { createJournalSweepMemory, restoreStage, sweepJournal } from './restore/index.ts';
import { createRunTracker, type RunSweepMemory, runStage, sweepRuns } from './runs/index.ts';
import { createBugFailure, type Infra, type StageFailure } from './stage/index.ts';
import { type StoreImageDeps, storeImageStage } from './store-image/index.ts';
import { openProviderProof, submitStage } from './submit/index.ts';
import {
  enqueueRunWebhooks,
  enqueueWebhooks,
  openHostSlots,
  type WebhookDeps,
  webhookStage,
} from './webhooks/index.ts';

/** What the workers need besides {@link Infra}. */
export interface WorkersDeps extends StoreImageDeps, Pick<WebhookDeps, 'poster'> {
  engine: Engine;
  queues: Queues;
  monitor: WorkMonitor;
  control: ControlReader;
  limits: LiveLimits;
  redrives: RedriveStore;
  links: LinkSigner;
}

/** What a worker does with its running jobs when the process stops. */
type OnShutdown =
  /** Hands them back at once. They lose nothing. */
  | 'hand-back'
  /** Lets them finish, until the time is up. */
  | 'finish-in-time'
  /** Never interrupts them. */
  | 'finish';

interface OpenWorker {
  concurrency: number;
  close(force?: boolean): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  cancelAllJobs(reason?: string): void;
  onShutdown: OnShutdown;
}

/** The BullMQ workers of this process. */
export interface RunningWorkers extends DrainedWorkers {
  /** The jobs that run now, by queue. */
  countActive(): Record<string, number>;
  close(): Promise<void>;
}

/** Every queue has a worker, or none on purpose. */
type Workers = Record<keyof Queues, OpenWorker | 'no worker'>;

/** Redrives that one worker starts renders of at the same time. Others take turns with them. */
const MAX_STARTING_REDRIVES = 20;
/** Jobs about runs that one worker runs at the same time. Most of them take less than a second. */
const RUN_CONCURRENCY = 5;

/** Opens one BullMQ worker per queue, each with its stage. */
export function openWorkers(infra: Infra, deps: WorkersDeps): RunningWorkers {
  const { settings, clock, log, provider } = infra;
  const { engine, queues, monitor, control, limits } = deps;
  const now = () => clock.now();
  const host = { log, now };
  const cancelMarkers = openCancelMarkers(queues);
  const deadLetters = openDeadLetters(queues);
  const enqueueEnd = (receipt: Receipt, signal: AbortSignal) =>
    enqueueWebhooks({ ...infra, queues }, receipt, signal);
  const runs = createRunTracker({ ...infra, engine, queues });
  const runDeps = {
    ...infra,
    engine,
    queues,
    enqueueRunWebhooks: (run: RunRef, end: RunEnd, signal: AbortSignal) =>
      enqueueRunWebhooks({ ...infra, queues }, run, end, signal),
  };
  const runMemory: RunSweepMemory = new Map();
  const name = createWorkerName();
  const createFailureAt = (step: 'submit' | 'store' | 'poll') => (error: unknown) =>
    createBugFailure(infra, step, error);

  const active = new Map<string, number>();
  const countActive = (queue: string, change: number) => active.set(queue, (active.get(queue) ?? 0) + change);
  const open = <D, R>(
    queue: string,
    processor: Processor<D, R>,
    { onShutdown, limit, ...options }: EngineWorkerOptions & { onShutdown: OnShutdown; limit?: LimitName },
  ): OpenWorker => {
    const monitored: Processor<D, R> = async (job, token, signal) => {
      monitor.noteActivity();
      countActive(queue, 1);
      try {
        return await processor(job, token, signal);
      } finally {
        countActive(queue, -1);
        monitor.noteActivity();
      }
    };
    const worker = engine.worker<D, R>(queue, monitored, {
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
  };

  const budgets = openBudgetGate({ ...infra, engine, queues });
  const pollQuotaKey = `${provider.name}-polls`;
  const renderDeps = {
    latencies: new LatencySketch(settings.EXPECTED_LATENCY_MS),
    takePollToken: () => engine.counters.take(pollQuotaKey, limits.get('polls-per-second')),
    readPollsPerSecond: () => limits.get('polls-per-second'),
    blockPolls: (ms: number) => engine.counters.block(pollQuotaKey, ms),
    countInFlight: () => monitor.countInFlight(),
    children: openChildren(queues),
    deadLetters,
    cancelMarkers,
    budgets,
    enqueueWebhooks: enqueueEnd,
    runs,
    findRunStop: control.findRunStop.bind(control),
    findPauses: control.findPauses.bind(control),
  };
  const proof = openProviderProof(infra);
  const submitDeps = {
    proof: {
      ...proof,
      obtain: async () => {
        const answer = await proof.obtain();
        monitor.noteProvider(answer.kind !== 'proven');
        return answer;
      },
    },
    account: openAccountGate({ ...infra, queues }),
    budgets,
    findPauses: control.findPresentPauses.bind(control),
    isCanceled: async (submission: SubmitJob) =>
      (await cancelMarkers.find(submission.renderId)) !== undefined ||
      (submission.inRun === true && (await control.findRunStop(submission)) !== undefined),
  };
  const webhookDeps: WebhookDeps = {
    links: deps.links,
    poster: deps.poster,
    slots: openHostSlots({
      readTotal: () => limits.get('webhook-concurrency'),
      clock,
      wake: createWebhookWaker(queues),
    }),
    deadLetters: openWebhookDeadLetters(queues),
  };

  const journalMemory = createJournalSweepMemory();
  const receiptMemory = createReceiptSweepMemory();
  const budgetMemory = createBudgetSweepMemory();
  const readExpiring = createExpiringImageReader(engine, queues);
  const warned: WarnedRenders = new Set();
  const restoreDeps = { ...infra, engine, queues, enqueueWebhooks: enqueueEnd };
  const sweepDeps = {
    ...infra,
    engine,
    queues,
    deadLetters,
    cancelMarkers,
    enqueueWebhooks: enqueueEnd,
    runs,
    memory: createSweepMemory(),
    webhookWaits: new Map(),
  };
  const setUp = async () => {
    await scheduleSweep(queues);
    await requestRunJob(queues, { kind: 'fill' });
    const open = await resumeRedrives(queues, deps.redrives);
    if (open > 0) log.info({ open }, 'redrives go on');
  };
  // BullMQ's worker reads this object for each job that it takes.
  const submitLimiter = createSubmitLimiter(limits.get('submissions-per-minute'));
  limits.onChange('submissions-per-minute', (value) => {
    Object.assign(submitLimiter, createSubmitLimiter(value));
  });
  const workers: Workers = {
    render: open<Checkpoint, RenderResult>(
      QUEUE.render,
      createProcessor({
        ...host,
        dataKind: 'checkpoint',
        stage: (job) => renderStage(job, infra, renderDeps),
        computeProgress,
        createBugFailure: createFailureAt('poll'),
        readLog: (renderId) => queues.render.getJobLogs(renderId).then(({ logs }) => logs),
        addChild: (call, parent) => addChild(queues, settings, call, parent),
      }),
      { onShutdown: 'hand-back', limit: 'render-concurrency' },
    ),
    submit: open<SubmitJob, SubmitResult>(
      QUEUE.submit,
      createProcessor({
        ...host,
        dataKind: 'submit-job',
        stage: (job) => submitStage(job, infra, submitDeps),
        createBugFailure: createFailureAt('submit'),
        withFailure: (data, failure) => ({ ...data, failure }),
        rateLimit: (ms) => queues.submit.rateLimit(ms),
      }),
      {
        // An interrupted submission may have been bought.
        onShutdown: 'finish',
        limit: 'submit-concurrency',
        limiter: submitLimiter,
      },
    ),
    store: open<StoreJob, StoreResult>(
      QUEUE.store,
      createProcessor({
        ...host,
        dataKind: 'store-job',
        stage: (job) => storeImageStage(job, infra, deps),
        createBugFailure: createFailureAt('store'),
        withFailure: (data, failure) => ({ ...data, failure }),
      }),
      { onShutdown: 'finish-in-time', limit: 'store-concurrency' },
    ),
    webhook: open<AnyWebhookJob, void>(
      QUEUE.webhook,
      createProcessor<AnyWebhookJob, void, StageFailure>({
        ...host,
        dataKind: 'webhook-job',
        stage: (job) => webhookStage(job, infra, webhookDeps),
        createBugFailure: (error) => ({
          code: 'internal_error',
          message: infra.scrub(errorMessage(error)),
          chain: [],
        }),
      }),
      { onShutdown: 'finish-in-time', limit: 'webhook-concurrency' },
    ),
    maintenance: open<MaintenanceJob, SweepReport | undefined>(
      QUEUE.maintenance,
      createProcessor<MaintenanceJob, SweepReport | undefined>({
        ...host,
        dataKind: 'maintenance-job',
        stage: async (job) => {
          const { data, signal } = job;
          if (data.chore === 'check-account')
            return await checkAccount({ ...job, data }, { ...infra, queues });
          warnOfExpiringImages(await readExpiring(now()), warned, infra);
          const repairs: Record<Repair, number> = {
            dead_letter_written: await sweep({ ...sweepDeps, signal }),
            cancel_woken: await sweepCancelMarkers({ ...sweepDeps, signal }),
            delay_ended: await sweepDelays({ ...sweepDeps, signal }),
            hold_ended: await sweepHolds({ ...sweepDeps, signal }),
            render_added: (await sweepJournal(restoreDeps, journalMemory, { signal })).added,
            receipt_written: await sweepReceipts({ ...sweepDeps, memory: receiptMemory, signal }),
            budget_corrected: await sweepBudgets({ ...sweepDeps, memory: budgetMemory, signal }),
          };
          await recordBalance({ ...infra, signal });
          await sweepRuns({ ...runDeps, control, memory: runMemory, signal });
          await sweepAccountStop(queues, now());
          await sweepControl({ ...infra, queues, signal });
          await sweepLimits({ ...infra, queues, signal });
          await sweepWorkers({ ...infra, engine, queues, signal });
          return { kind: 'done', value: reportRepairs(repairs, infra) };
        },
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: 1 },
    ),
    deadLetter: 'no worker',
    webhookDeadLetter: 'no worker',
    cancel: 'no worker',
    stop: 'no worker',
    worker: 'no worker',
    run: open<RunJob, void>(
      QUEUE.run,
      createProcessor({
        ...host,
        dataKind: 'run-job',
        stage: (job) => runStage(job, runDeps),
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: RUN_CONCURRENCY },
    ),
    redrive: open<RedriveJob, void>(
      QUEUE.redrive,
      createProcessor({
        ...host,
        dataKind: 'redrive-job',
        stage: (job) =>
          redriveStage(job, {
            ...infra,
            redrives: deps.redrives,
            renders: openFailedRenders(queues),
            isIncomplete: async () => ['restoring', 'unknown'].includes(await readQueueState(engine, queues)),
          }),
        computeProgress: computeRedriveProgress,
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: MAX_STARTING_REDRIVES },
    ),
    restore: open<RestoreJob, RestoreReport>(
      QUEUE.restore,
      createProcessor({
        ...host,
        dataKind: 'restore-job',
        stage: (job) => restoreStage(job, { ...restoreDeps, metrics: infra.metrics, setUp }),
        computeProgress: ({ percent }) => percent,
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: 1 },
    ),
  };
  return {
    countActive: () => Object.fromEntries([...active].filter(([, count]) => count > 0)),
    pause: async () => {
      const paused = listOpen(workers).map((worker) => worker.pause());
      // A redrive may take hours. Another worker goes on with it.
      if (workers.redrive !== 'no worker') workers.redrive.cancelAllJobs('draining');
      await Promise.all(paused);
    },
    resume: async () => {
      await Promise.all(listOpen(workers).map((worker) => worker.resume()));
    },
    close: async () => {
      await closeWorkers(workers, infra);
      await budgets.close();
    },
  };
}

const listOpen = (workers: Workers): OpenWorker[] =>
  Object.values(workers).filter((worker) => worker !== 'no worker');

/** Stops all workers: {@link OnShutdown} says what happens to their jobs. Gives up soon after `SHUTDOWN_TIMEOUT_MS`. */
async function closeWorkers(
  workers: Workers,
  { settings, clock, log }: Pick<Infra, 'settings' | 'clock' | 'log'>,
): Promise<void> {
  const open = listOpen(workers);
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
