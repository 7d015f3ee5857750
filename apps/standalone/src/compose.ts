import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type RunningProducer, startProducer } from '@darkroom/producer';
import { type Settings } from '@darkroom/shared/config';
import { type Engine } from '@darkroom/shared/engine';
import { createApiKey } from '@darkroom/shared/keys';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Clock, createLogger, type Logger } from '@darkroom/shared/runtime';
import { openEngineFor, openStoreFor } from '@darkroom/shared/service';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { type RunningWorker, startWorker } from '@darkroom/worker';
import { freePort } from './free-port.ts';

/** Everything that runs, and how to stop it. */
export interface House {
  settings: Settings;
  engine: Engine;
  store: ObjectStore;
  logger: Logger;
  producer: RunningProducer;
  worker: RunningWorker;
  /** Absent when the real provider is used. */
  simulator: Simulator | undefined;
  /** A key of this run's own, where the API asks for one. */
  apiKey: string | undefined;
  close(): Promise<void>;
}

const FAST = 0.02;

/** Where the simulator tells of tasks that ended, and how it signs. */
interface Webhook {
  url: string;
  secrets: string[];
}

/** Starts queue, store, provider, worker and API in this process, and undoes what it started if one fails. */
export async function openHouse(options: {
  settings: Settings;
  secrets: readonly string[];
  clock: Clock;
  fast: boolean;
}): Promise<House> {
  const { clock, fast } = options;
  const opened: (() => Promise<void>)[] = [];
  const own = <T>(thing: T, close: () => Promise<void>): T => {
    opened.unshift(close);
    return thing;
  };
  const close = async () => {
    for (const one of opened.splice(0)) await one().catch(() => undefined);
  };
  const logger = createLogger({
    name: 'darkroom',
    level: options.settings.LOG_LEVEL,
    secrets: options.secrets,
  });
  try {
    const engine = await openEngineFor(options.settings, 'both', (error, where) =>
      logger.warn({ err: error, where }, 'engine'),
    );
    own(engine, () => engine.close());
    const port = await freePort(options.settings.HOST, options.settings.PORT);
    const webhook = { url: `http://127.0.0.1:${port}/v1/webhooks/toapis`, secrets: [randomUUID()] };
    const simulator = options.settings.TOAPIS_API_KEY
      ? undefined
      : await openSimulator(options.settings, fast, webhook);
    if (simulator) own(simulator, () => simulator.close());
    const settings = simulator ? simulated(options.settings, simulator, fast, webhook) : options.settings;
    const store = await openStoreFor(settings, clock);
    own(store, () => store.close());
    const guest = guestKey(settings);
    const parts = { engine, store, logger, clock, secrets: options.secrets };
    const producer = await startProducer({
      ...parts,
      settings: { ...settings, PORT: port, API_KEYS: guest.keys },
    });
    own(producer, () => producer.close());
    const workerPort = await freePort(settings.HOST, settings.WORKER_PORT);
    const worker = await startWorker({
      ...parts,
      settings: { ...settings, PUBLIC_URL: settings.PUBLIC_URL ?? producer.url, WORKER_PORT: workerPort },
    });
    own(worker, () => worker.close());
    const { apiKey } = guest;
    return { settings, engine, store, logger, producer, worker, simulator, apiKey, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the API asks for keys, the catalogue comes in with one of its own, for as long as this process lives. */
function guestKey({ API_KEYS: keys }: Settings): { apiKey: string | undefined; keys: Settings['API_KEYS'] } {
  if (keys.length === 0) return { apiKey: undefined, keys };
  const { text, sha256 } = createApiKey();
  return {
    apiKey: text,
    keys: [...keys, { tenant: 'default', roles: ['enqueue', 'read'], sha256 }],
  };
}

/** Where the simulator is when nobody else is there: results keep their addresses across restarts. */
const SIMULATOR_PORT = 4010;

async function openSimulator(settings: Settings, fast: boolean, webhook: Webhook): Promise<Simulator> {
  const start = (port: number) =>
    startSimulator({
      port,
      webhook,
      dataDir: join(settings.DATA_DIR, 'simulator'),
      ...(fast
        ? {
            timeScale: FAST,
            quota: { submitPerSecond: 100, submitBurst: 1000, queryPerSecond: 1000, queryBurst: 10_000 },
          }
        : {}),
    });
  // Not asked for beforehand: two that start together would both be told that it is free.
  return start(SIMULATOR_PORT).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}

/** Settings for the simulated provider: its address, and waits that fit its pace. */
function simulated(settings: Settings, simulator: Simulator, fast: boolean, webhook: Webhook): Settings {
  return {
    ...settings,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_WEBHOOK_SECRET: webhook.secrets.join(','),
    // Longer than it takes to take over a killed run's job and to hear from the provider again.
    UNKNOWN_GRACE_MS: Math.min(settings.UNKNOWN_GRACE_MS, fast ? 20_000 : 90_000),
    LOCK_DURATION_MS: Math.min(settings.LOCK_DURATION_MS, 10_000),
    RENDER_CONCURRENCY: Math.min(settings.RENDER_CONCURRENCY, 24),
    SUBMIT_CONCURRENCY: Math.min(settings.SUBMIT_CONCURRENCY, 8),
    STORE_CONCURRENCY: Math.min(settings.STORE_CONCURRENCY, 4),
    ...(fast
      ? {
          TOAPIS_SUBMIT_PER_SECOND: 100,
          TOAPIS_QUERY_PER_SECOND: 1000,
          EXPECTED_LATENCY_MS: Math.max(10, Math.round(settings.EXPECTED_LATENCY_MS * FAST)),
        }
      : {}),
  };
}
