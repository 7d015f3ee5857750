import { CatalogueRunStore, resumeRuns } from '@darkroom/catalogue';
import { BatchStore, FileStore, resumeBatches } from '@darkroom/shared/batches';
import type { ControlReader } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import type { LinkSigner } from '@darkroom/shared/keys';
import {
  type AnyWebhookJob,
  type BatchJob,
  type CatalogueJob,
  isQueueIncomplete,
  type MaintenanceJob,
  QUEUE,
  type Queues,
  type RedriveJob,
  type RenderResult,
  type RestoreJob,
  type RestoreReport,
  type RunJob,
  type StoreJob,
  type StoreResult,
  type SubmitJob,
  type SubmitResult,
  type SweepReport,
  tenantLine,
} from '@darkroom/shared/queues';
import { type RedriveStore, resumeRedrives } from '@darkroom/shared/redrives';
import type { Checkpoint, Receipt } from '@darkroom/shared/render';
import { requestRunJob } from '@darkroom/shared/runs';
import { errorMessage } from '@darkroom/shared/runtime';
import { batchStage, computeBatchProgress } from './batch/index.ts';
import { openBudgetGate } from './budgets/index.ts';
import {
  addChild,
  createProcessor,
  createWebhookWaker,
  openCancelMarkers,
  openChildren,
  openDeadLetters,
  openFailedRenders,
  openRunRenders,
  openWebhookDeadLetters,
} from './bullmq/index.ts';
import { createCatalogueProcessor } from './catalogue-processor.ts';
import { createSubmitLimiter, type DrainedWorkers, type LiveLimits } from './control/index.ts';
import { LatencySketch } from './decide/index.ts';
import type { WorkMonitor } from './health/index.ts';
import { openRenderIntake } from './intake/index.ts';
import { openAccountGate, scheduleSweep } from './maintenance/index.ts';
import { closeWorkers, createWorkerOpener, type OpenWorker } from './open-worker.ts';
import { computeRedriveProgress, redriveStage } from './redrive/index.ts';
import { computeProgress, renderStage } from './render/index.ts';
import { restoreStage } from './restore/index.ts';
import { createChoreStage } from './run-chore.ts';
import { createRunTracker, type RunStageDeps, runStage } from './runs/index.ts';
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

/** Runs of catalogues that one worker executes at the same time. Each plans and waits in this process. */
const MAX_CATALOGUE_RUNS = 10;

/** Rounds of batches that one worker runs at the same time. Between rounds, a batch waits in its queue. */
const BATCH_CONCURRENCY = 5;

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
  const runDeps: RunStageDeps = {
    ...infra,
    engine,
    queues,
    enqueueRunWebhooks: (run, end, signal) => enqueueRunWebhooks({ ...infra, queues }, run, end, signal),
  };
  const createFailureAt = (step: 'submit' | 'store' | 'poll') => (error: unknown) =>
    createBugFailure(infra, step, error);

  const { open, countActive } = createWorkerOpener({ settings, engine, monitor, limits });

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

  const catalogueRuns = new CatalogueRunStore(infra.store);
  const isIncomplete = () => isQueueIncomplete(engine, queues);
  const renders = openRunRenders(queues);
  const intake = openRenderIntake(infra, { engine, addToQueue: renders.add });
  const batches = new BatchStore(infra.store);
  const files = new FileStore(infra.store);
  const batchDeps = { engine, queues, batches, files, intake, isIncomplete };
  const endDeps = { deadLetters, cancelMarkers, enqueueWebhooks: enqueueEnd, runs };
  const choreStage = createChoreStage({ ...infra, ...runDeps, control, ...endDeps });
  const restoreDeps = { ...infra, engine, queues, enqueueWebhooks: enqueueEnd };
  const setUp = async () => {
    await scheduleSweep(queues);
    await requestRunJob(queues, { kind: 'fill' });
    const open = await resumeRedrives(queues, deps.redrives);
    if (open > 0) log.info({ open }, 'redrives go on');
    const resumed = await resumeRuns(queues, catalogueRuns);
    if (resumed > 0) log.info({ resumed }, 'runs of catalogues go on');
    const resumedBatches = await resumeBatches(queues, batches);
    if (resumedBatches > 0) log.info({ resumed: resumedBatches }, 'batches go on');
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
        // A paused render does not stay at the front. A poll does: it is for an image that is bought.
        computePriority: ({ at, request, tenant }) =>
          at.step === 'submit' ? tenantLine(request.priority, tenant) : undefined,
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
        // What must wait again waits in its tenant's line: it does not stay at the front.
        computePriority: ({ request, tenant }) => tenantLine(request.priority, tenant),
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
        stage: choreStage,
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
            isIncomplete,
          }),
        computeProgress: computeRedriveProgress,
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: MAX_STARTING_REDRIVES },
    ),
    catalogue: open<CatalogueJob, void>(QUEUE.catalogue, createCatalogueProcessor(infra, deps), {
      onShutdown: 'hand-back',
      concurrency: MAX_CATALOGUE_RUNS,
    }),
    batch: open<BatchJob, void>(
      QUEUE.batch,
      createProcessor({
        ...host,
        dataKind: 'batch-job',
        stage: (job) => batchStage(job, infra, batchDeps),
        computeProgress: computeBatchProgress,
        createBugFailure: createFailureAt('poll'),
      }),
      { onShutdown: 'hand-back', concurrency: BATCH_CONCURRENCY },
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
    countActive,
    pause: async () => {
      const paused = listOpen(workers).map((worker) => worker.pause());
      // Redrives and runs of catalogues may take hours. Another worker goes on with them.
      for (const worker of [workers.redrive, workers.catalogue, workers.batch])
        if (worker !== 'no worker') worker.cancelAllJobs('draining');
      await Promise.all(paused);
    },
    resume: async () => {
      await Promise.all(listOpen(workers).map((worker) => worker.resume()));
    },
    close: async () => {
      await closeWorkers(listOpen(workers), infra);
      await budgets.close();
    },
  };
}

const listOpen = (workers: Workers): OpenWorker[] =>
  Object.values(workers).filter((worker) => worker !== 'no worker');
