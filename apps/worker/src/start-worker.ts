import { hostname } from 'node:os';
import { join } from 'node:path';
import { createProvider, type Provider } from '@darkroom/providers';
import { readLimitRanges, type Settings } from '@darkroom/shared/config';
import { ControlReader, NO_CONTROLS } from '@darkroom/shared/control';
import { openLinkSigner } from '@darkroom/shared/keys';
import { Ledger } from '@darkroom/shared/ledger';
import { assertPutIfAbsent, type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { openQueues } from '@darkroom/shared/queues';
import { RedriveStore } from '@darkroom/shared/redrives';
import { DATA_VERSION, randomHex } from '@darkroom/shared/render';
import { requestRunJob } from '@darkroom/shared/runs';
import { type Clock, createScrub, type Logger, VERSION } from '@darkroom/shared/runtime';
import type { ServiceContext } from '@darkroom/shared/service';
import { openPoster } from '@darkroom/shared/webhooks';
import {
  createDrainState,
  createLiveLimits,
  createSubmitLimiter,
  openControlWatch,
  openWorkerReport,
} from './control/index.ts';
import { startHealthServer, WorkMonitor } from './health/index.ts';
import { warnOfHarmfulRules } from './lifecycle/index.ts';
import { scheduleSweep } from './maintenance/index.ts';
import { openEngineWatch } from './restore/index.ts';
import { createLiveShares, openShareWatch } from './shares/index.ts';
import { createMetrics, type Infra } from './stage/index.ts';
import { openDownloader } from './store-image/index.ts';
import { openWorkers } from './workers.ts';

export interface WorkerDeps extends ServiceContext {
  /** @default the provider that the settings name */
  provider?: Provider;
}

export interface RunningWorker {
  /** By this name, an operator drains it. */
  name: string;
  /** Of the health and metrics server. */
  url: string;
  /** Fetches no more jobs, lets submissions finish, hands polls back; gives up after SHUTDOWN_TIMEOUT_MS. */
  close(): Promise<void>;
}

/**
 * Starts the workers of one process: render, submit, store, webhook and maintenance.
 *
 * @throws StoreError if the store does not honour put-if-absent. Without it a render could be bought twice (I2).
 */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { settings, engine, store, clock, logger: log } = deps;
  await retryWhileUnavailable({ clock, log, store }, () => assertPutIfAbsent(store));
  await warnOfHarmfulRules(store, settings, log);
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const infra: Infra = {
    settings,
    clock,
    log,
    scrub: createScrub(deps.secrets),
    store,
    ledger: new Ledger(store, clock),
    provider: deps.provider ?? createProvider(settings, clock),
    metrics: createMetrics(),
  };
  const { provider, metrics } = infra;
  const downloader = await openDownloader({
    folder: join(settings.DATA_DIR, 'tmp', `worker-${process.pid}`),
    rules: {
      allowed: [...provider.resultHosts, ...settings.RESULT_HOSTS],
      allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
      ...(settings.TOAPIS_BASE_URL ? { providerHost: new URL(settings.TOAPIS_BASE_URL).hostname } : {}),
    },
    maxBytes: settings.RESULT_MAX_BYTES,
    timeoutMs: settings.DOWNLOAD_TIMEOUT_MS,
  });
  const poster = openPoster({
    allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
    timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
    now: () => clock.now(),
  });
  const control = new ControlReader({ store, queues, clock });
  // Before the first job: an override of an operator counts from the start, also while the queue is away.
  const present = await retryWhileUnavailable({ clock, log, store }, () => control.load()).catch(
    (error: unknown) => {
      // Submissions read it again before each purchase, and wait while it cannot be read.
      log.error({ err: error, alert: true }, 'pauses and limits not read: unexpected error');
      return NO_CONTROLS;
    },
  );
  const limits = createLiveLimits(readBaseLimits(settings, provider), { metrics, log });
  limits.apply(present, clock.now());
  const shares = createLiveShares(settings, { log });
  shares.apply(present, clock.now());
  const monitor = new WorkMonitor({ engine, queues, control, clock, metrics, log });
  const links = openLinkSigner(store, clock);
  const workers = openWorkers(infra, {
    engine,
    queues,
    monitor,
    control,
    limits,
    downloader,
    poster,
    links,
    redrives: new RedriveStore(store),
  });
  // Redis may be away when a worker starts. The sweep is scheduled as soon as it answers, and again by every restore.
  scheduleSweep(queues).catch((error: unknown) => log.warn({ err: error }, 'sweep not scheduled yet'));
  // The embedded engine has lost the counts of runs with its last process. Otherwise the job finds nothing to do.
  requestRunJob(queues, { kind: 'fill' }).catch((error: unknown) =>
    log.warn({ err: error }, 'counts of runs not checked yet'),
  );
  const identity = {
    version: DATA_VERSION,
    name: drawWorkerName(),
    host: hostname(),
    pid: process.pid,
    release: VERSION,
    startedAt: clock.now(),
  };
  const drain = createDrainState({
    name: identity.name,
    workers,
    log,
    onChange: (state) => {
      monitor.noteDrain(state);
      workerReport.reportSoon();
    },
  });
  const workerReport = openWorkerReport({
    engine,
    queues,
    clock,
    log,
    describe: () => ({
      ...identity,
      active: workers.countActive(),
      limits: { ...shares.report(), ...limits.report() },
      drain: drain.state,
    }),
  });
  const controlWatch = openControlWatch({
    control,
    engine,
    queues,
    clock,
    log,
    applyState: (state) => {
      const hasChanged = [limits.apply(state, clock.now()), shares.apply(state, clock.now())].some(Boolean);
      if (hasChanged) workerReport.reportSoon();
      drain.apply(state);
    },
  });
  const shareWatch = openShareWatch({
    engine,
    queues,
    clock,
    log,
    owner: identity.name,
    readShares: shares.get,
    readWindow: () => createSubmitLimiter(limits.get('submissions-per-minute')).max,
  });
  const watch = openEngineWatch({ engine, queues, clock, log, metrics });
  const health = await startHealthServer({
    host: settings.HOST,
    port: settings.WORKER_PORT,
    monitor,
    metrics,
    isStoreReachable: () =>
      store.list({ prefix: 'renders/', limit: 1, signal: AbortSignal.timeout(3000) }).then(
        () => true,
        () => false,
      ),
  });

  const close = async () => {
    await Promise.all([watch.close(), controlWatch.close(), shareWatch.close()]);
    await workers.close();
    await workerReport.close();
    await Promise.allSettled([
      health.close(),
      monitor.close(),
      provider.close(),
      downloader.close(),
      poster.close(),
    ]);
  };
  let closing: Promise<void> | undefined;
  log.info({ worker: identity.name }, 'worker started');
  return {
    name: identity.name,
    url: health.url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

const STORE_RETRY_MS = 2_000;

/** The quotas of the settings are those of the provider. Another provider has its own. */
function readBaseLimits(settings: Settings, { quota }: Provider) {
  return {
    ...readLimitRanges(settings),
    'submissions-per-minute': { base: quota.submitsPerSecond * 60 },
    'polls-per-second': { base: quota.pollsPerSecond },
  };
}

/** Containers start with the same process id again. A new process must not have the name of one that was drained. */
const drawWorkerName = () =>
  `${hostname()
    .replace(/[^\w.-]/g, '_')
    .slice(0, 80)}-${process.pid}-${randomHex(2)}`;

/** Waits for a store that is unreachable. A store that does not honour put-if-absent is an error. */
async function retryWhileUnavailable<T>(
  { store, clock, log }: { store: ObjectStore; clock: Clock; log: Logger },
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'unavailable') throw error;
      log.warn({ store: store.url, err: error.message }, 'waiting for the object store');
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}
