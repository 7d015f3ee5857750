import { parseSettings, type Settings } from '@darkroom/shared/config';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues, renderJob, type WakeResult, wakeRender } from '@darkroom/shared/queues';
import { type Checkpoint, drawRenderId, type JobRequest, type Receipt } from '@darkroom/shared/render';
import { type Clock, createLogger, systemClock } from '@darkroom/shared/runtime';
import { appendToRun, cleanup, plantSecret, service, tempDir, uniquePrefix, until } from '@darkroom/testkit';
import { type Simulator, type SimulatorOptions, startSimulator } from '@darkroom/upstream-simulator';
import { type RunningWorker, startWorker } from '../../src/index.ts';

/** A worker with everything that it stands on, all real: Redis, a folder, the simulator over HTTP. */
export interface Harness {
  /** Of the queues' keys: a worker in a process of its own needs it. */
  prefix: string;
  settings: Settings;
  engine: Engine;
  queues: Queues;
  store: ObjectStore;
  ledger: Ledger;
  simulator: Simulator;
  /** Enqueues a render; answers its id. */
  enqueue(request?: Partial<JobRequest>): Promise<string>;
  /** Starts a worker; `harness` has none until a test says so. */
  startWorker(overrides?: { store?: ObjectStore; settings?: Partial<Settings> }): Promise<RunningWorker>;
  /** The receipt of a render whose job has ended. */
  waitForReceipt(id: string): Promise<Receipt>;
  checkpoint(id: string): Promise<Checkpoint>;
  redrive(id: string): Promise<void>;
  /** Puts the marker by which a render is to stop, and wakes nobody. */
  putCancelMarker(id: string): Promise<void>;
  /** As the API does it: marker, then wake. */
  cancel(id: string): Promise<WakeResult>;
  /** Purchases in the provider's book: charged, and of these refunded. */
  countPurchases(id: string): { charged: number; refunded: number };
}

/** Real time, but jitter always draws low: backoffs are as short as they get. */
export const lowJitterClock: Clock = { ...systemClock, random: () => 0.02 };

const FAST: SimulatorOptions = {
  seed: 7,
  latency: { minMs: 40, p50Ms: 80, p95Ms: 150, maxMs: 300 },
  quota: null,
};

export async function openHarness(
  options: { simulator?: SimulatorOptions; settings?: Partial<Settings>; clock?: Clock } = {},
): Promise<Harness> {
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
    // A test in which a worker goes away without a word says so itself.
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
    // Into the output of the run, which is searched for secrets at its end.
    destination: { write: (line) => appendToRun('[worker harness]', line.trimEnd()) },
  });

  const putCancelMarker = async (id: string) => {
    const marker = { version: 1 as const, renderId: id, tenant: 'default', requestedAt: clock.now() };
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
      });
      cleanup(() => worker.close());
      // The first one begins with a sweep. What a test makes after this is not what it finds.
      await until(async () => ((await queues.maintenance.getJobCounts('completed'))['completed'] ?? 0) > 0);
      return worker;
    },
    waitForReceipt: async (id) => {
      await until(async () => Boolean((await queues.render.getJob(id))?.finishedOn), { timeout: 45_000 });
      return (await ledger.readReceipt(id)) as Receipt;
    },
    checkpoint: async (id) => (await queues.render.getJob(id))?.data as Checkpoint,
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
    version: 1,
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
