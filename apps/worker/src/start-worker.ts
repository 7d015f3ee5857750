import { join } from 'node:path';
import { openLinkSigner } from '@darkroom/shared/keys';
import { Ledger } from '@darkroom/shared/ledger';
import { assertPutIfAbsent, type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { openQueues } from '@darkroom/shared/queues';
import { type Clock, createScrub, type Logger } from '@darkroom/shared/runtime';
import { type ServiceContext } from '@darkroom/shared/service';
import { createWebhookWaker } from './bullmq/index.ts';
import { LatencySketch } from './decide/index.ts';
import { createMetrics, startHealthServer, WorkMonitor } from './health/index.ts';
import { pauseSubmissions, scheduleSweep } from './maintenance/index.ts';
import { openToapis, type Provider } from './providers/index.ts';
import { openDownloader } from './store-image/index.ts';
import { openHostSlots, openPoster } from './webhooks/index.ts';
import { runWorkers } from './workers.ts';

export interface WorkerDeps extends ServiceContext {
  /** @default ToAPIs as configured */
  provider?: Provider;
}

export interface RunningWorker {
  /** Of the health and metrics server. */
  url: string;
  /** Stops fetching, lets submissions finish, puts polls back; gives up after SHUTDOWN_TIMEOUT_MS. */
  close(): Promise<void>;
}

/**
 * Starts the render, submit, store, notify and maintenance workers of one process.
 *
 * @throws StoreError when the store does not honour put-if-absent: without it nothing keeps a render from being
 * bought twice (I2).
 */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { settings, engine, store, clock, logger: log } = deps;
  await proveStore(store, clock, log);
  const metrics = createMetrics();
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const provider =
    deps.provider ??
    openToapis({
      baseUrl: settings.TOAPIS_BASE_URL,
      apiKey: settings.TOAPIS_API_KEY ?? '',
      submitTimeoutMs: settings.SUBMIT_TIMEOUT_MS,
      now: () => clock.now(),
    });
  const downloader = await openDownloader({
    folder: join(settings.DATA_DIR, 'tmp', `worker-${process.pid}`),
    rules: {
      allowed: [...provider.resultHosts, ...settings.RESULT_HOSTS],
      allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
      ...(settings.TOAPIS_BASE_URL ? { provider: new URL(settings.TOAPIS_BASE_URL).hostname } : {}),
    },
    maxBytes: settings.RESULT_MAX_BYTES,
    timeoutMs: settings.DOWNLOAD_TIMEOUT_MS,
  });
  const poster = openPoster({
    allowPrivate: settings.ALLOW_PRIVATE_HOSTS,
    timeoutMs: settings.WEBHOOK_TIMEOUT_MS,
    now: () => clock.now(),
  });
  const pulse = new WorkMonitor({ queues, clock, metrics, log });
  const workers = runWorkers({
    settings,
    engine,
    queues,
    store,
    clock,
    log,
    metrics,
    pulse,
    provider,
    downloader,
    poster,
    places: openHostSlots({ total: settings.WEBHOOK_CONCURRENCY, clock, wake: createWebhookWaker(queues) }),
    links: openLinkSigner(store, clock),
    scrub: createScrub(deps.secrets),
    ledger: new Ledger(store, clock),
    latencies: new LatencySketch(settings.EXPECTED_LATENCY_MS),
    pauseSubmissions: (reason) => pauseSubmissions({ queues, provider, clock, log, metrics }, reason),
  });
  // Redis may be away when a worker starts: it waits, and schedules when it can.
  scheduleSweep(queues).catch((error: unknown) => log.warn({ err: error }, 'the sweep is not scheduled yet'));
  const health = await startHealthServer({
    host: settings.HOST,
    port: settings.WORKER_PORT,
    pulse,
    metrics,
    storeAnswers: () =>
      store.list({ prefix: 'renders/', limit: 1, signal: AbortSignal.timeout(3000) }).then(
        () => true,
        () => false,
      ),
  });

  let closing: Promise<void> | undefined;
  const close = async () => {
    await workers.close();
    await Promise.allSettled([
      health.close(),
      pulse.close(),
      provider.close(),
      downloader.close(),
      poster.close(),
    ]);
  };
  return {
    url: health.url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

const STORE_RETRY_MS = 2_000;

/** A store that is away is waited for, like a Redis that is away; one that cannot keep a promise is not. */
async function proveStore(store: ObjectStore, clock: Clock, log: Logger): Promise<void> {
  for (;;) {
    try {
      await assertPutIfAbsent(store);
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'unavailable') throw error;
      log.warn({ store: store.url, err: error.message }, 'waiting for the object store');
      await clock.sleep(STORE_RETRY_MS);
    }
  }
}
