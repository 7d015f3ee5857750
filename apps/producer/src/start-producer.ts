import type { AddressInfo } from 'node:net';
import { CatalogueRunStore, ScheduleStore } from '@darkroom/catalogue';
import { BatchStore, FileStore } from '@darkroom/shared/batches';
import { ConfigError } from '@darkroom/shared/config';
import { ControlReader } from '@darkroom/shared/control';
import { type Engine, EngineError } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { isLoopbackHost } from '@darkroom/shared/net';
import { openQueues } from '@darkroom/shared/queues';
import { RedriveStore } from '@darkroom/shared/redrives';
import { randomHex } from '@darkroom/shared/render';
import { createScrub, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { type ServiceContext } from '@darkroom/shared/service';
import {
  createAccessCheck,
  createKeyRing,
  createSessions,
  createSignedLinks,
  createWaitingLimit,
  createWrongKeyLimit,
  guardRoutes,
} from './access/index.ts';
import { createAuditor, registerAudit } from './audit/index.ts';
import {
  createCatalogueQueue,
  createDeadLetterQueue,
  createIntakeRecorder,
  createLiveControls,
  createPauseBook,
  createQueueStateReader,
  createRedriveQueue,
  createRenderQueue,
  createRunIntake,
  createShareReader,
  createSubmitQuotaReader,
  createWaitConditionsReader,
  withFallback,
} from './backends/index.ts';
import { registerBatches } from './batches/index.ts';
import { createAlarmWebhooks, createNightWatch, openPinger } from './catalogue-watch/index.ts';
import { registerCatalogues, registerReports } from './catalogues/index.ts';
import { registerDashboard } from './dashboard/index.ts';
import {
  createDeadLetterReader,
  createExpiringImagesReader,
  registerDeadLetters,
} from './dead-letters/index.ts';
import { createForecaster } from './forecast/index.ts';
import { createMetrics, createReadiness, registerHealth } from './health/index.ts';
import { createDrain, createServer } from './http/index.ts';
import type { IntakeDeps } from './intake/index.ts';
import { registerKeys } from './keys/index.ts';
import { registerLimits } from './limits/index.ts';
import { createRenderList } from './lookup/index.ts';
import { createTodaysMoneyReader, registerBudgets, registerSpend } from './money/index.ts';
import { collectOperations, registerOpenApi, registerReference } from './openapi/index.ts';
import { BOARD_SCRIPT_PATH, BOARD_THEME, registerPages, sendErrorPage } from './pages/index.ts';
import { registerPauses } from './pauses/index.ts';
import { registerQueues } from './queues/index.ts';
import { type ReconcileDeps, registerReconcile } from './reconcile/index.ts';
import { createTalliesReader, registerRedrives } from './redrives/index.ts';
import { createRenderWatch } from './render-watch/index.ts';
import { type RenderReadDeps, registerRenders } from './renders/index.ts';
import { registerRuns } from './runs/index.ts';
import {
  createBalanceReader,
  createUploadStore,
  errorHandlerFor,
  listWebhookSecrets,
  readDollars,
  registerDropIn,
  registerWebhooks,
} from './toapis/index.ts';
import { registerWorkers } from './workers/index.ts';

/** The caller opens engine and store, and closes them. */
export type ProducerDeps = ServiceContext;

export interface RunningProducer {
  /** The URL of the API, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Accepts no more requests and waits for running ones. Idempotent. */
  close(): Promise<void>;
}

/** How long the start waits for the state of the queue. */
const STATE_DEADLINE_MS = 1_000;

/** Starts the HTTP API and the dashboard. */
export async function startProducer(deps: ProducerDeps): Promise<RunningProducer> {
  const { settings, engine, store, logger, clock } = deps;
  const keyless = settings.API_KEYS.length === 0;
  if (keyless && !isLoopbackHost(settings.HOST)) throw missingKeysError(settings.HOST);
  const queues = openQueues(engine, { days: settings.RETENTION_DAYS });
  const queue = createRenderQueue(engine, queues);
  const ledger = new Ledger(store, clock);
  if (settings.QUEUE_SYNC === 'waitaof') await assertQueueSync(engine, logger);
  const recorder = createIntakeRecorder({ queue, store, ledger, clock, logger, settings });
  const hasJournal = settings.INTAKE_JOURNAL === 'on';
  const queueState = createQueueStateReader({ queue, store, clock, hasJournal });
  // Before the first render is in the journal: a new deployment needs no restore.
  await withFallback(STATE_DEADLINE_MS, queueState.isIncomplete(), false);
  const metrics = createMetrics(queues);
  const scrub = createScrub(deps.secrets);

  const app = createServer({
    settings,
    logger,
    clock,
    errorHandlerFor,
    onResponse: metrics.recordResponse,
  });
  const close = createDrain(app, clock, settings.SHUTDOWN_TIMEOUT_MS);
  const links = createSignedLinks(store, clock);
  const ring = createKeyRing(store, settings.API_KEYS, { clock, logger });
  const sessions = createSessions(store, ring, clock);
  const countWrongKey = createWrongKeyLimit(settings.WRONG_KEYS_PER_MINUTE);
  guardRoutes(app, { settings, engine, links, ring, sessions, countWrongKey, sendErrorPage });
  const createDocument = collectOperations(app);

  const uploads = createUploadStore(store, links, clock);
  const intake: IntakeDeps = {
    queue,
    queueState,
    recorder,
    runs: createRunIntake({ store, engine, settings }),
    store,
    ledger,
    clock,
    uploads,
    maxBodyBytes: settings.MAX_BODY_BYTES,
    newToken: () => randomHex(8),
    webhooks: { secrets: settings.WEBHOOK_SECRETS, allowPrivate: settings.ALLOW_PRIVATE_HOSTS },
    recordIntake: metrics.recordIntake,
  };
  app.addHook('onClose', async () => recorder.close());
  const auditor = createAuditor({ store, clock, logger });
  app.addHook('onClose', async () => auditor.close());
  const watch = createRenderWatch({ engine, clock });
  // Before the server waits for running requests: requests that wait for a render are answered now.
  app.addHook('preClose', async () => watch.close());
  const lookup = { queue, ledger, queueState };
  const list = createRenderList({
    lookup,
    store,
    clock,
    onUnreadable: (renderId, err) => logger.error({ renderId, err }, 'list: render left out: unreadable'),
  });
  const readiness = createReadiness({ queue, store, clock });
  const reader = new ControlReader({ store, queues, clock });
  const pauses = createPauseBook({ store, queues, reader, clock, logger });
  const controls = createLiveControls({ store, engine, queues, reader, logger });
  const waiting = createWaitConditionsReader({
    queue,
    pauses,
    clock,
    isStoreAway: async () => (await readiness()).checks.store !== 'ok',
    readWorkers: () => controls.readWorkers(),
  });
  const readSubmitQuota = createSubmitQuotaReader(settings, { reader, clock });
  const readShares = createShareReader(settings, { reader, clock });
  const forecaster = createForecaster({
    queue,
    queueState,
    readSubmitQuota,
    readShares,
    clock,
    maxPurchases: settings.MAX_PURCHASES,
  });
  const read: RenderReadDeps = {
    lookup,
    recorder,
    store,
    links,
    watch,
    limitWaiting: createWaitingLimit(settings.MAX_WAITING_PER_KEY),
    hasAccess: createAccessCheck(ring, clock),
    list,
    waiting,
    forecaster,
    auditor,
    clock,
  };
  const readBalance = createBalanceReader(settings, clock);
  registerDropIn(app, { intake, read, uploads, readBalance });
  registerRenders(app, intake, read, settings);
  registerWebhooks(app, listWebhookSecrets(settings), {
    queue,
    ledger,
    queueState,
    settings,
    now: () => clock.now(),
  });
  registerQueues(app, { queue, pauses, clock, auditor });
  registerPauses(app, { pauses, read, clock, auditor });
  const controlDeps = { controls, settings, clock, auditor };
  registerLimits(app, controlDeps);
  registerWorkers(app, controlDeps);
  registerKeys(app, { ring, auditor });
  registerAudit(app, store);
  registerReports(app, { store, clock, auditor });
  registerSpend(app, { store, clock });
  registerBudgets(app, { store, engine, clock, auditor });
  const reconcileDeps: ReconcileDeps = {
    store,
    ledger,
    engine,
    queues,
    lookup,
    auditor,
    settings,
    clock,
    logger,
    readBalance: async () => readDollars(await readBalance('/v1/balance')),
  };
  registerReconcile(app, reconcileDeps);
  const deadLetters = createDeadLetterQueue(engine, queues);
  const readDeadLetters = createDeadLetterReader(deadLetters, logger);
  const redrives = new RedriveStore(store);
  const deadLetterDeps = {
    queue: deadLetters,
    ledger,
    settings,
    clock,
    readDeadLetters,
    auditor,
    readTallies: createTalliesReader(redrives),
  };
  registerDeadLetters(app, deadLetterDeps);
  const redriveDeps = {
    ledger,
    redrives,
    queue: createRedriveQueue(engine, queues),
    readDeadLetters,
    auditor,
    settings,
    clock,
  };
  registerRedrives(app, redriveDeps);
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  const runDeps = { store, engine, queues, intake, read, redrives: redriveDeps, auditor, clock };
  registerRuns(app, { ...runDeps, closing: closing.signal });
  const batchDeps = {
    store,
    engine,
    queues,
    batches: new BatchStore(store),
    files: new FileStore(store),
    read,
    auditor,
    clock,
  };
  registerBatches(app, batchDeps);
  const runs = new CatalogueRunStore(store);
  const schedules = new ScheduleStore(store);
  const nightWatch = createNightWatch({
    runs,
    schedules,
    clock,
    logger,
    readSubmitQuota,
    pinger: openPinger(settings.ALLOW_PRIVATE_HOSTS),
    alarmWebhooks: createAlarmWebhooks({ schedules, clock, logger, settings }),
  });
  app.addHook('onClose', async () => nightWatch.close());
  const catalogueDeps = {
    runs,
    schedules,
    store,
    queue: createCatalogueQueue(engine, queues),
    auditor,
    clock,
    settings,
  };
  registerCatalogues(app, catalogueDeps);
  const readExpiring = createExpiringImagesReader({ engine, queues, readDeadLetters, clock });
  const { openAlarms } = nightWatch;
  registerHealth(app, { metrics, readiness, waiting, queueState, readExpiring, openAlarms });
  registerOpenApi(app, createDocument);
  await registerReference(app);
  registerPages(app, {
    ...read,
    intake,
    engine,
    queues,
    scrub,
    readExpiring,
    pauses,
    keyless,
    ring,
    sessions,
    countWrongKey,
    deadLetters: deadLetterDeps,
    redrives: redriveDeps,
    readSubmitQuota,
    readShares,
    reconcile: reconcileDeps,
    runs: runDeps,
    catalogues: catalogueDeps,
    batches: batchDeps,
    openAlarms,
    controls,
    settings,
    readTodaysMoney: createTodaysMoneyReader({ store, engine, clock }),
  });
  await registerDashboard(app, {
    engine,
    queues,
    pauses,
    clock,
    scrub,
    auditor,
    theme: BOARD_THEME,
    script: BOARD_SCRIPT_PATH,
  });

  await app.listen({ host: settings.HOST, port: settings.PORT });
  nightWatch.start();
  const url = formatUrl(settings.HOST, (app.server.address() as AddressInfo).port);
  app.ownUrl.fallback = url;
  if (keyless) {
    logger.info(
      'API_KEYS is not set: every user of this machine has all rights, other machines have no access',
    );
  }
  return { url, close };
}

/** Without keys, every caller that reaches the API could spend money. */
const missingKeysError = (host: string) =>
  new ConfigError([
    {
      name: 'API_KEYS',
      expected: `at least one key, because other machines can reach HOST ${host} (make one with: npx -y pnpm@12 new-key)`,
      received: 'nothing',
    },
  ]);

/**
 * Tries `QUEUE_SYNC=waitaof` once. While the queue is away it cannot be tried: then calls that need it are answered 503.
 *
 * @throws {ConfigError} when this queue cannot do it.
 */
async function assertQueueSync(engine: Engine, logger: Logger): Promise<void> {
  try {
    await engine.syncWrites();
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'unsupported') {
      logger.warn({ err: errorMessage(error) }, 'QUEUE_SYNC=waitaof could not be tried: the queue is away');
      return;
    }
    throw new ConfigError([
      {
        name: 'QUEUE_SYNC',
        expected: 'off, or Redis 7.2 or later with `appendonly yes`, which has WAITAOF',
        received: `waitaof with ${error.message}`,
      },
    ]);
  }
}

/** A URL that works on this machine, also when the server listens on all interfaces. */
function formatUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
