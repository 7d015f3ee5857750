import {
  ConfigError,
  listSecrets,
  parseSettings,
  type RequiredSettings,
  type Settings,
  settingsHelp,
} from '../config/index.ts';
import type { Engine } from '../engine/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import { type Clock, createLogger, errorMessage, type Logger, systemClock } from '../runtime/index.ts';
import { openEngineFor, openStoreFor } from './open-backends.ts';

/** What every service gets when it starts. */
export interface ServiceContext {
  settings: Settings;
  engine: Engine;
  store: ObjectStore;
  logger: Logger;
  clock: Clock;
  /** Secret values that must not appear in any output. */
  secrets: readonly string[];
}

export interface ServiceOptions {
  name: 'producer' | 'worker';
  /** What the service does, for `--help`. */
  purpose: string;
  /** The settings that the service reads, for `--help`. */
  reads: readonly (keyof Settings)[];
  needs: RequiredSettings;
  /** `announce` is one line that is printed when the service has started. */
  start(context: ServiceContext): Promise<{ announce: string; close(): Promise<void> }>;
}

/**
 * Runs the process of a service, from its settings to its exit code: 0 after SIGTERM or SIGINT, 1 when it could not start
 * or stop, 2 for invalid settings. Only a `main.ts` may call it, because it reads the real environment and clock.
 */
export async function runService(options: ServiceOptions): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(formatHelp(options));
    return;
  }
  try {
    await serve(options);
  } catch (error) {
    const message = errorMessage(error);
    process.stderr.write(
      `${error instanceof ConfigError ? message : `The ${options.name} did not start: ${message}`}\n`,
    );
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

const formatHelp = ({ name, purpose, reads }: ServiceOptions) =>
  [
    `Usage: node apps/${name}/src/main.ts`,
    '',
    purpose,
    'Settings are read from the environment. Defaults are in brackets:',
    '',
    settingsHelp(reads),
    '',
  ].join('\n');

async function serve(options: ServiceOptions): Promise<void> {
  const settings = parseSettings(process.env, options.needs);
  const secrets = listSecrets(process.env);
  const logger = createLogger({ name: options.name, level: settings.LOG_LEVEL, secrets });
  const engine = await openEngineFor(settings, options.name, (err, where) =>
    logger.warn({ err, where }, 'engine error'),
  );
  const store = await openStoreFor(settings, systemClock);
  const service = await options.start({ settings, engine, store, logger, clock: systemClock, secrets });
  closeOnSignal(logger, settings.SHUTDOWN_TIMEOUT_MS, async () => {
    await service.close();
    await engine.close();
    await store.close();
  });
  process.stdout.write(`${service.announce} (queue: ${engine.description}, store: ${store.url})\n`);
  for (const warning of await engine.warnings().catch(() => [])) logger.warn(warning);
}

/** Milliseconds to close the engine and the store, in addition to the service's own limit. */
const CLOSING_MS = 10_000;

function closeOnSignal(logger: Logger, timeoutMs: number, close: () => Promise<void>): void {
  const limitMs = timeoutMs + CLOSING_MS;
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    // A close that hangs must not keep the process alive.
    setTimeout(() => {
      logger.error({ signal, limitMs }, 'did not stop in time: the process exits now');
      process.exit(1);
    }, limitMs).unref();
    close().then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
