import { createHash, randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { startProducer } from '@darkroom/producer';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { openEngine } from '@darkroom/shared/engine';
import { openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues } from '@darkroom/shared/queues';
import { createLogger, systemClock } from '@darkroom/shared/runtime';
import { appendToRun, cleanup, plantSecret, service, tempDir, uniquePrefix, until } from '@darkroom/testkit';
import { type Simulator, type SimulatorOptions, startSimulator } from '@darkroom/upstream-simulator';
import { type RunningWorker, startWorker } from '@darkroom/worker';
import { createDarkroom, type Darkroom, type DarkroomOptions } from '../../src/index.ts';

/** A complete Darkroom: a producer, workers, Redis, a folder as the object store, and the simulated provider over HTTP. */
export interface RunningDarkroom {
  url: string;
  apiKey: string;
  /** `whsec_…`, the secret that signs the webhooks. */
  webhookSecret: string;
  queues: Queues;
  simulator: Simulator;
  /** Creates a client with the API key and short delays between tries. @param overrides for example the `url` of a proxy */
  createClient(overrides?: Partial<DarkroomOptions>): Darkroom;
  /** Completes the provider's task of a render whose prompt contains `[[sim:stuck]]`. Waits until the task exists. */
  completeTask(id: string): Promise<void>;
  /** Starts a worker. Without the option `worker`, there is none at first. */
  startWorker(): Promise<RunningWorker>;
  /** Counts the render jobs in all states. */
  countJobs(): Promise<number>;
}

/** The test servers fail on purpose, so the client need not wait for them to recover. */
export const FAST_RETRIES = { baseMs: 5, maxMs: 20 } as const;

export async function startDarkroom(
  options: { settings?: Partial<Settings>; simulator?: SimulatorOptions; worker?: boolean } = {},
): Promise<RunningDarkroom> {
  const dataDir = await tempDir();
  const apiKey = plantSecret();
  const sha256 = createHash('sha256').update(apiKey).digest('hex');
  const webhookSecret = `whsec_${randomBytes(24).toString('base64')}`;
  const simulator = await startSimulator({
    seed: 7,
    latency: { minMs: 40, p50Ms: 80, p95Ms: 150, maxMs: 300 },
    quota: null,
    ...options.simulator,
  });
  cleanup(() => simulator.close());
  const settings: Settings = {
    ...parseSettings({
      DATA_DIR: dataDir,
      QUEUE_URL: service('redis').url,
      API_KEYS: `default:enqueue+read+operate:${sha256}:rate=10000`,
      WEBHOOK_SECRETS: webhookSecret,
    }),
    PORT: 0,
    WORKER_PORT: 0,
    ALLOW_PRIVATE_HOSTS: true,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_SUBMIT_PER_SECOND: 200,
    TOAPIS_QUERY_PER_SECOND: 1000,
    EXPECTED_LATENCY_MS: 100,
    SHUTDOWN_TIMEOUT_MS: 2000,
    ...options.settings,
  };
  const engine = await openEngine({
    queueUrl: settings.QUEUE_URL,
    dataDir,
    role: 'both',
    prefix: uniquePrefix(),
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const store = await openStore({ dataDir, clock: systemClock });
  cleanup(() => store.close());
  const secrets = [apiKey, webhookSecret, simulator.apiKey];
  // The test run searches its output for secrets at the end, so the log goes there.
  const destination = new Writable({
    write(chunk, _encoding, done) {
      appendToRun('[client test]', String(chunk).trimEnd());
      done();
    },
  });
  const logger = createLogger({ name: 'darkroom', level: 'debug', secrets, destination });
  const deps = { settings, engine, store, logger, clock: systemClock, secrets };
  const producer = await startProducer(deps);
  cleanup(() => producer.close());
  const queues = openQueues(engine, { days: 1 });
  const addWorker = async () => {
    const worker = await startWorker(deps);
    cleanup(() => worker.close());
    return worker;
  };
  if (options.worker) await addWorker();
  return {
    url: producer.url,
    apiKey,
    webhookSecret,
    queues,
    simulator,
    completeTask: async (id) => {
      const { taskId } = await until(() => simulator.book.byBusinessId(id)[0]);
      await simulator.tasks.complete(taskId);
    },
    createClient: (overrides) =>
      createDarkroom({ url: producer.url, apiKey, retry: FAST_RETRIES, ...overrides }),
    startWorker: addWorker,
    countJobs: async () =>
      Object.values(await queues.render.getJobCounts()).reduce((sum, count) => sum + count, 0),
  };
}
