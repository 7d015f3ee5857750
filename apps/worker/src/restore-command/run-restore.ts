import { getRenderPrice } from '@darkroom/shared/config';
import { Ledger } from '@darkroom/shared/ledger';
import {
  openQueues,
  QUEUE,
  type Queues,
  type RestoreJob,
  type RestoreReport,
  readQueueState,
  readRestore,
  requestRestore,
} from '@darkroom/shared/queues';
import { createScrub } from '@darkroom/shared/runtime';
import type { ServiceContext } from '@darkroom/shared/service';
import { createProcessor } from '../bullmq/index.ts';
import { scheduleSweep } from '../maintenance/index.ts';
import { type RestoreDeps, restoreQueue, restoreStage } from '../restore/index.ts';
import { createBugFailure, createMetrics } from '../stage/index.ts';
import { enqueueWebhooks } from '../webhooks/index.ts';

export interface RestoreCommand extends ServiceContext {
  dryRun: boolean;
  signal: AbortSignal;
  /** Called with each change of the progress. */
  showProgress(percent: number): void;
}

const CHECK_EVERY_MS = 200;

/**
 * Restores the queue, and returns the report when it is complete. The restore is one job: if a worker takes it first, this
 * process follows it.
 *
 * @throws {StoreError}, the errors of the engine, {Error} if the restore failed.
 */
export async function runRestore(command: RestoreCommand): Promise<RestoreReport> {
  const { engine, dryRun, clock, signal, showProgress } = command;
  const queues = openQueues(engine, { days: command.settings.RETENTION_DAYS });
  const deps = createDeps(command, queues);
  if (dryRun) {
    return await restoreQueue(deps, {
      apply: false,
      signal,
      onGroup: async (_, { total, done }) => showProgress(Math.floor((100 * done) / total)),
    });
  }
  const request = { reason: 'the restore command', now: clock.now(), repeat: true };
  await requestRestore(engine, queues, request);
  const worker = openRestoreWorker(command, deps, queues);
  try {
    for (let shown = -1; ; ) {
      const state = await readQueueState(engine, queues);
      const restore = await readRestore(engine, queues);
      if (state === 'complete' && restore?.report) return restore.report;
      if (state === 'failed')
        throw new Error('The restore failed. The log of the process that ran it has the error.');
      // The engine changed again, or was emptied again.
      if (state === 'unknown') await requestRestore(engine, queues, request);
      if (restore && restore.percent !== shown) {
        shown = restore.percent;
        showProgress(shown);
      }
      await clock.sleep(CHECK_EVERY_MS, signal);
    }
  } finally {
    await worker.close();
  }
}

function createDeps(
  { settings, engine, store, clock, logger: log }: RestoreCommand,
  queues: Queues,
): RestoreDeps {
  return {
    settings,
    engine,
    queues,
    store,
    clock,
    log,
    ledger: new Ledger(store, clock),
    provider: { priceMicros: ({ resolution }) => getRenderPrice(settings, resolution) },
    enqueueWebhooks: (receipt, signal) =>
      enqueueWebhooks({ queues, store, settings, clock }, receipt, signal),
  };
}

function openRestoreWorker({ secrets, settings }: RestoreCommand, deps: RestoreDeps, queues: Queues) {
  const { clock, log, engine } = deps;
  const infra = { clock, scrub: createScrub(secrets) };
  const stageDeps = { ...deps, metrics: createMetrics(), setUp: () => scheduleSweep(queues) };
  const processor = createProcessor<RestoreJob, RestoreReport>({
    log,
    now: () => clock.now(),
    dataKind: 'restore-job',
    stage: (job) => restoreStage(job, stageDeps),
    computeProgress: ({ percent }) => percent,
    createBugFailure: (error) => createBugFailure(infra, 'poll', error),
  });
  const worker = engine.worker<RestoreJob, RestoreReport>(QUEUE.restore, processor, {
    lockDuration: settings.LOCK_DURATION_MS,
    concurrency: 1,
  });
  return {
    close: async () => {
      const closed = worker.close();
      worker.cancelAllJobs('the restore command was interrupted');
      await closed;
    },
  };
}
