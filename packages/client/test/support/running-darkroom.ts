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

/** A whole Darkroom, all of it real: producer, worker, Redis, a folder, the simulated provider over HTTP. */
export interface House {
  url: string;
  apiKey: string;
  /** `whsec_…` that its webhooks are signed with. */
  webhookSecret: string;
  queues: Queues;
  simulator: Simulator;
  /** A client with the key, that loses no time between tries. @param overrides its `url` may be a proxy's */
  client(overrides?: Partial<DarkroomOptions>): Darkroom;
  /** Ends the task of a render whose prompt says `[[sim:stuck]]`, once it has one. */
  unstick(id: string): Promise<void>;
  /** Starts a worker; a house has none until then. */
  work(): Promise<RunningWorker>;
  /** Renders in the queue, in any state. */
  jobCount(): Promise<number>;
}

/** Failures in tests are made, not suffered: there is nobody to be kind to. */
export const HASTY = { baseMs: 5, maxMs: 20 } as const;

export async function openHouse(
  options: { settings?: Partial<Settings>; simulator?: SimulatorOptions; work?: boolean } = {},
): Promise<House> {
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
  // Into the output of the run, which is searched for secrets at its end.
  const destination = new Writable({
    write(chunk, _encoding, done) {
      appendToRun('[client rig]', String(chunk).trimEnd());
      done();
    },
  });
  const logger = createLogger({ name: 'house', level: 'debug', secrets, destination });
  const parts = { settings, engine, store, logger, clock: systemClock, secrets };
  const producer = await startProducer(parts);
  cleanup(() => producer.close());
  const queues = openQueues(engine, { days: 1 });
  const work = async () => {
    const worker = await startWorker(parts);
    cleanup(() => worker.close());
    return worker;
  };
  if (options.work) await work();
  return {
    url: producer.url,
    apiKey,
    webhookSecret,
    queues,
    simulator,
    unstick: async (id) => {
      const { taskId } = await until(() => simulator.book.byBusinessId(id)[0]);
      await simulator.tasks.complete(taskId);
    },
    client: (overrides) => createDarkroom({ url: producer.url, apiKey, retry: HASTY, ...overrides }),
    work,
    jobCount: async () =>
      Object.values(await queues.render.getJobCounts()).reduce((sum, count) => sum + count, 0),
  };
}
