import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningProducer, startProducer } from '@darkroom/producer';
import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import { createApiKey } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Clock, createLogger } from '@darkroom/shared/runtime';
import { openEngineFor, openStoreFor } from '@darkroom/shared/service';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { startWorker } from '@darkroom/worker';
import getPort from 'get-port';

/** All parts of Darkroom, running in this process. */
export interface RunningDarkroom {
  settings: Settings;
  engine: Engine;
  store: ObjectStore;
  producer: RunningProducer;
  /** Undefined when the real provider is used. */
  simulator: Simulator | undefined;
  /** A key for the sample catalogue. Undefined when the API accepts requests without a key. */
  apiKey: string | undefined;
  dashboardUrl: string;
  /** The folder or the S3 prefix of the images. */
  imageLocation: string;
  close(): Promise<void>;
}

export interface ComposeOptions {
  settings: Settings;
  /** Values that no log line may contain. */
  secrets: readonly string[];
  clock: Clock;
  /** Runs the simulated provider fifty times faster. */
  fast: boolean;
}

/** Starts queue, provider, store, API and worker in this process. If one fails, it closes those that it started. */
export async function composeDarkroom(options: ComposeOptions): Promise<RunningDarkroom> {
  const { clock, fast, secrets } = options;
  const running: { close(): Promise<void> }[] = [];
  const closeLater = <T extends { close(): Promise<void> }>(part: T): T => {
    running.unshift(part);
    return part;
  };
  const close = async () => {
    for (const part of running.splice(0)) await part.close().catch(() => undefined);
  };
  const { LOG_LEVEL: level, HOST: host } = options.settings;
  const logger = createLogger({ name: 'darkroom', level, secrets });
  try {
    const engine = closeLater(
      await openEngineFor(options.settings, 'both', (err, where) => logger.warn({ err, where }, 'engine')),
    );
    const port = await getPort({ host, port: options.settings.PORT });
    const webhook = { url: `http://127.0.0.1:${port}/v1/webhooks/toapis`, secrets: [randomUUID()] };
    const simulator = options.settings.TOAPIS_API_KEY
      ? undefined
      : closeLater(await openSimulator(options.settings, fast, webhook));
    const settings = simulator
      ? applySimulator(options.settings, simulator, fast, webhook)
      : options.settings;
    const store = closeLater(await openStoreFor(settings, clock));
    const { apiKey, keys } = addCatalogueKey(settings.API_KEYS);
    const context = { engine, store, logger, clock, secrets };
    const producer = closeLater(
      await startProducer({ ...context, settings: { ...settings, PORT: port, API_KEYS: keys } }),
    );
    const workerPort = await getPort({ host, port: settings.WORKER_PORT });
    closeLater(
      await startWorker({
        ...context,
        settings: {
          ...settings,
          PUBLIC_URL: settings.PUBLIC_URL ?? producer.url,
          WORKER_PORT: workerPort,
        },
      }),
    );
    const dashboardUrl = `${producer.url}/queues`;
    const imageLocation = locateImages(store);
    return { settings, engine, store, producer, simulator, apiKey, dashboardUrl, imageLocation, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the API requires keys, the sample catalogue gets a key that is valid until this process ends. */
function addCatalogueKey(keys: Settings['API_KEYS']): {
  apiKey: string | undefined;
  keys: Settings['API_KEYS'];
} {
  if (keys.length === 0) return { apiKey: undefined, keys };
  const { text, sha256 } = createApiKey();
  return { apiKey: text, keys: [...keys, { tenant: 'default', roles: ['enqueue', 'read'], sha256 }] };
}

function locateImages({ kind, url }: ObjectStore): string {
  return kind === 'folder' ? join(fileURLToPath(url), 'objects', 'images') : `${url}/images`;
}

/** The simulator's first choice. With the same port, the URLs of results stay valid across restarts. */
const SIMULATOR_PORT = 4010;
/** With `--fast`, everything at the provider takes this part of its time. */
const FAST_TIME_SCALE = 0.02;

/** Where the simulator reports tasks that ended, and the secrets that it signs with. */
interface SimulatorWebhook {
  url: string;
  secrets: string[];
}

async function openSimulator(
  settings: Settings,
  fast: boolean,
  webhook: SimulatorWebhook,
): Promise<Simulator> {
  const start = (port: number) =>
    startSimulator({
      port,
      webhook,
      // Beside Darkroom's own data, because it is the provider's: who deletes the queue does not delete the provider.
      dataDir: `${settings.DATA_DIR}-simulator`,
      ...(fast
        ? {
            timeScale: FAST_TIME_SCALE,
            quota: { submitPerSecond: 100, submitBurst: 1000, queryPerSecond: 1000, queryBurst: 10_000 },
          }
        : {}),
    });
  // A check for a free port before the start would let two processes choose the same one.
  return start(SIMULATOR_PORT).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}

/** The settings for the simulated provider: its address, and deadlines that fit its pace. */
function applySimulator(
  settings: Settings,
  simulator: Simulator,
  fast: boolean,
  webhook: SimulatorWebhook,
): Settings {
  return {
    ...settings,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_WEBHOOK_SECRET: webhook.secrets.join(','),
    // Longer than a worker needs to take over the job of a killed run and to receive the provider's webhook again.
    UNKNOWN_GRACE_MS: Math.min(settings.UNKNOWN_GRACE_MS, fast ? 20_000 : 90_000),
    LOCK_DURATION_MS: Math.min(settings.LOCK_DURATION_MS, 10_000),
    RENDER_CONCURRENCY: Math.min(settings.RENDER_CONCURRENCY, 24),
    SUBMIT_CONCURRENCY: Math.min(settings.SUBMIT_CONCURRENCY, 8),
    STORE_CONCURRENCY: Math.min(settings.STORE_CONCURRENCY, 4),
    ...(fast
      ? {
          TOAPIS_SUBMIT_PER_SECOND: 100,
          TOAPIS_QUERY_PER_SECOND: 1000,
          EXPECTED_LATENCY_MS: Math.max(10, Math.round(settings.EXPECTED_LATENCY_MS * FAST_TIME_SCALE)),
        }
      : {}),
  };
}
