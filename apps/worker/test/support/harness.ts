import type { Provider } from '@darkroom/providers';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues, renderJob, type WakeResult, wakeRender } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  drawRenderId,
  type JobRequest,
  type Receipt,
} from '@darkroom/shared/render';
import { type Clock, createLogger, systemClock } from '@darkroom/shared/runtime';
import { appendToRun, cleanup, plantSecret, service, tempDir, uniquePrefix, until } from '@darkroom/testkit';
import { type Simulator, type SimulatorOptions, startSimulator } from '@darkroom/upstream-simulator';
import { openCancelMarkers, openDeadLetters } from '../../src/bullmq/index.ts';
import { type RunningWorker, startWorker } from '../../src/index.ts';
import {
  createSweepMemory,
  type SweepCancelMarkersDeps,
  type SweepDelaysDeps,
  type SweepDeps,
} from '../../src/maintenance/index.ts';
import { createRunTracker } from '../../src/runs/index.ts';
import { createMetrics } from '../../src/stage/index.ts';
import { enqueueWebhooks } from '../../src/webhooks/index.ts';

/** A worker with everything that it needs, all real: Redis, a folder, the simulator over HTTP. */
export interface Harness {
  /** Of the queues' keys. A worker in its own process needs it. */
  prefix: string;
  settings: Settings;
  engine: Engine;
  queues: Queues;
  store: ObjectStore;
  ledger: Ledger;
  simulator: Simulator;
  /** Enqueues a render. @returns its id. */
  enqueue(request?: Partial<JobRequest>): Promise<string>;
  /** Starts a worker. Without this call there is none. */
  startWorker(overrides?: {
    store?: ObjectStore;
    settings?: Partial<Settings>;
    provider?: Provider;
  }): Promise<RunningWorker>;
  /** Waits until a render's job has ended. @returns its receipt. */
  waitForReceipt(id: string): Promise<Receipt>;
  readCheckpoint(id: string): Promise<Checkpoint>;
  redrive(id: string): Promise<void>;
  /** Puts a cancel marker, without waking the render. */
  putCancelMarker(id: string): Promise<void>;
  /** Cancels a render as the API does: marker, then wake. */
  cancel(id: string): Promise<WakeResult>;
  /** The purchases that the provider charged, and how many of these it refunded. */
  countPurchases(id: string): { charged: number; refunded: number };
}

/** Real time, but jitter is always low, so that backoffs are short. */
export const lowJitterClock: Clock = { ...systemClock, random: () => 0.02 };

const FAST: SimulatorOptions = {
  seed: 7,
  latency: { minMs: 40, p50Ms: 80, p95Ms: 150, maxMs: 300 },
  quota: null,
};

export interface HarnessOptions {
  simulator?: SimulatorOptions;
  settings?: Partial<Settings>;
  clock?: Clock;
}

export async function openHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = options.clock ?? lowJitterClock;
  const dataDir = await tempDir();
  const simulator = await startSimulator({ ...FAST, apiKeys: [plantSecret()], ...options.simulator });
  cleanup(() => simulator.close());
  const settings: Settings = {
    ...parseSettings({ DATA_DIR: dataDir, QUEUE_URL: service('redis').url }),
    WORKER_PORT: 0,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_SUBMIT_PER_SECOND: 200,
    TOAPIS_QUERY_PER_SECOND: 1000,
    EXPECTED_LATENCY_MS: 100,
    SHUTDOWN_TIMEOUT_MS: 5000,
    // A test that kills a worker sets a shorter one.
    LOCK_DURATION_MS: 30_000,
    ...options.settings,
  };
  const prefix = uniquePrefix();
  const engine = await openEngine({
    queueUrl: settings.QUEUE_URL,
    dataDir,
    role: 'both',
    prefix,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const store = await openStore({ dataDir, clock });
  const queues = openQueues(engine, { days: 1 });
  const ledger = new Ledger(store, clock);
  const logger = createLogger({
    name: 'worker',
    level: 'debug',
    secrets: [simulator.apiKey],
    // Into the output of the test run, which is searched for secrets at its end.
    destination: { write: (line) => appendToRun('[worker harness]', line.trimEnd()) },
  });

  const putCancelMarker = async (id: string) => {
    const marker = { version: DATA_VERSION, renderId: id, tenant: 'default', requestedAt: clock.now() };
    await queues.cancel.add('cancel', marker, { jobId: id });
  };

  return {
    prefix,
    settings,
    engine,
    queues,
    store,
    ledger,
    simulator,
    enqueue: async (request = {}) => {
      const checkpoint = newCheckpoint(request, clock.now());
      const job = renderJob(checkpoint);
      await queues.render.add(job.name, job.data, job.opts);
      return checkpoint.renderId;
    },
    startWorker: async (overrides = {}) => {
      const worker = await startWorker({
        settings: { ...settings, ...overrides.settings },
        engine,
        store: overrides.store ?? store,
        logger,
        clock,
        secrets: [simulator.apiKey],
        ...(overrides.provider ? { provider: overrides.provider } : {}),
      });
      cleanup(() => worker.close());
      // The first worker begins with a sweep. What a test creates after this call, that sweep does not see.
      await until(async () => ((await queues.maintenance.getJobCounts('completed'))['completed'] ?? 0) > 0);
      return worker;
    },
    waitForReceipt: async (id) => {
      await until(async () => Boolean((await queues.render.getJob(id))?.finishedOn), { timeout: 45_000 });
      return (await ledger.readReceipt(id)) as Receipt;
    },
    readCheckpoint: async (id) => (await queues.render.getJob(id))?.data as Checkpoint,
    redrive: async (id) => {
      await (await queues.render.getJob(id))?.retry('failed');
    },
    putCancelMarker,
    cancel: async (id) => {
      await putCancelMarker(id);
      return wakeRender(queues, id);
    },
    countPurchases: (id) => {
      const entries = simulator.book.byBusinessId(id);
      return { charged: entries.length, refunded: entries.filter((entry) => entry.refunded > 0).length };
    },
  };
}

export function newCheckpoint(request: Partial<JobRequest>, now: number): Checkpoint {
  return {
    version: DATA_VERSION,
    renderId: drawRenderId(),
    tenant: 'default',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'a mug',
      resolution: '1K',
      images: [],
      priority: 'batch',
      ...request,
    },
    fingerprint: 'f',
    provider: 'toapis',
    creatorToken: 'd',
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
}

/** What the sweeps of a new process need, and what they log. */
export function createSweepDeps({ engine, queues, ledger, store, settings }: Harness) {
  const errors: string[] = [];
  const warnings: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_: object, message: string) => void warnings.push(message),
    error: (_: object, message: string) => void errors.push(message),
  };
  const deps: SweepDeps & SweepCancelMarkersDeps & SweepDelaysDeps = {
    engine,
    memory: createSweepMemory(),
    webhookWaits: new Map(),
    queues,
    ledger,
    clock: systemClock,
    log: log as never,
    metrics: createMetrics(),
    deadLetters: openDeadLetters(queues),
    cancelMarkers: openCancelMarkers(queues),
    runs: createRunTracker({ engine, queues, store, clock: systemClock }),
    enqueueWebhooks: (receipt, signal) =>
      enqueueWebhooks({ queues, store, settings, clock: systemClock }, receipt, signal),
    signal: new AbortController().signal,
  };
  return { deps, errors, warnings };
}

/** Fails all waiting renders as BullMQ does for stalling: without a stage, and so without a burial. */
export async function failWithoutBurial({ engine, queues }: Harness, count: number): Promise<void> {
  const worker = engine.worker('render', async () => {
    throw new Error('job stalled more than allowable limit');
  });
  await until(async () => (await queues.render.getFailedCount()) === count);
  await worker.close();
}
