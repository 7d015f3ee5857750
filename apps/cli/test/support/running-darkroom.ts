import { createHash } from 'node:crypto';
import { startProducer } from '@darkroom/producer';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { openEngine } from '@darkroom/shared/engine';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues } from '@darkroom/shared/queues';
import { type Clock, createLogger, systemClock } from '@darkroom/shared/runtime';
import { cleanup, plantSecret, service, tempDir, uniquePrefix } from '@darkroom/testkit';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { startWorker } from '@darkroom/worker';
import { type CliOptions, type CliRun, darkroom } from './run.ts';

export interface RunningDarkroom {
  url: string;
  /** The settings of the command line, with the key of an operator of all tenants. */
  env: { DARKROOM_URL: string; DARKROOM_API_KEY: string };
  /** As `env`, with the key of a service of tenant `shop`. */
  shopEnv: { DARKROOM_URL: string; DARKROOM_API_KEY: string };
  /** The settings of a worker, for commands that connect to Redis and the store themselves. */
  workerEnv: Record<string, string>;
  queues: Queues;
  store: ObjectStore;
  settings: Settings;
  simulator: Simulator;
  /** Creates a render of tenant `shop`. @returns its id */
  create(request: {
    prompt: string;
    run?: string;
    webhook_url?: string;
    metadata?: Record<string, string>;
  }): Promise<string>;
  /** Runs a command line against this Darkroom. */
  run(args: readonly string[], options?: CliOptions): Promise<CliRun>;
  /** As `run`, and parses the output. */
  // biome-ignore lint/suspicious/noExplicitAny: the fields differ per command
  json(args: readonly string[], options?: CliOptions): Promise<any>;
}

/** A producer, a worker, Redis, a folder as the store, and the simulated provider. */
export async function startDarkroom(
  settings: Partial<Settings> = {},
  {
    worker = true,
    clock = systemClock,
    workerClock = clock,
  }: { worker?: boolean; clock?: Clock; workerClock?: Clock } = {},
): Promise<RunningDarkroom> {
  const dataDir = await tempDir();
  const [operatorKey, shopKey] = [plantSecret(), plantSecret()];
  const hash = (key: string) => createHash('sha256').update(key).digest('hex');
  const simulator = await startSimulator({
    seed: 7,
    latency: { minMs: 40, p50Ms: 80, p95Ms: 150, maxMs: 300 },
    quota: null,
  });
  cleanup(() => simulator.close());
  const parsed: Settings = {
    ...parseSettings({
      DATA_DIR: dataDir,
      QUEUE_URL: service('redis').url,
      API_KEYS: `*:operate+read:${hash(operatorKey)}:rate=10000,shop:enqueue+read:${hash(shopKey)}:rate=10000`,
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
    ...settings,
  };
  const prefix = uniquePrefix();
  const engine = await openEngine({
    queueUrl: parsed.QUEUE_URL,
    dataDir,
    role: 'both',
    prefix,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const store = await openStore({ dataDir, clock });
  cleanup(() => store.close());
  const secrets = [operatorKey, shopKey, simulator.apiKey];
  const logger = createLogger({ name: 'darkroom', level: 'silent', secrets });
  const deps = { settings: parsed, engine, store, logger, clock, secrets };
  const producer = await startProducer(deps);
  cleanup(() => producer.close());
  if (worker) {
    const running = await startWorker({ ...deps, clock: workerClock });
    cleanup(() => running.close());
  }
  const env = { DARKROOM_URL: producer.url, DARKROOM_API_KEY: operatorKey };
  const run = (args: readonly string[], options: CliOptions = {}) =>
    darkroom(args, { ...options, env: { ...env, ...options.env } });
  return {
    url: producer.url,
    env,
    shopEnv: { DARKROOM_URL: producer.url, DARKROOM_API_KEY: shopKey },
    workerEnv: {
      QUEUE_URL: parsed.QUEUE_URL ?? '',
      QUEUE_PREFIX: prefix,
      DATA_DIR: dataDir,
      TOAPIS_BASE_URL: simulator.url,
      TOAPIS_API_KEY: simulator.apiKey,
      ALLOW_PRIVATE_HOSTS: 'true',
    },
    queues: openQueues(engine, { days: 1 }),
    store,
    settings: parsed,
    simulator,
    run,
    json: async (args, options) => {
      const { out, err } = await run([...args, '--json', 'all'], options);
      if (out === '') throw new Error(err);
      return JSON.parse(out);
    },
    create: async (request) => {
      const response = await fetch(`${producer.url}/v1/renders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${shopKey}` },
        body: JSON.stringify(request),
      });
      return ((await response.json()) as { id: string }).id;
    },
  };
}
