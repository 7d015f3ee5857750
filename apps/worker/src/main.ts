import {
  ConfigError,
  createLogger,
  describeSettings,
  openEngineFor,
  openStoreFor,
  parseSettings,
  secretsOf,
  settingsHelp,
  systemClock,
} from '@darkroom/shared';
import { startWorker } from './start-worker.ts';

// The embedded engine belongs to one process, so a worker of its own has nothing to share it with.
const NEEDS = { always: ['QUEUE_URL', 'TOAPIS_API_KEY'], production: ['STORE_URL'] } as const;

const SETTINGS = describeSettings()
  .map((setting) => setting.name)
  .filter((name) => name !== 'PORT' && name !== 'MAX_BODY_BYTES');

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(
    'Usage: node apps/worker/src/main.ts\n\nTakes renders from the queue: buys, polls, stores. Run as many as you like.\n' +
      `Settings come from the environment; defaults in brackets:\n\n${settingsHelp(SETTINGS)}\n`,
  );
  process.exit(0);
}

try {
  const settings = parseSettings(process.env, NEEDS);
  const secrets = secretsOf(process.env);
  const logger = createLogger({ name: 'worker', level: settings.LOG_LEVEL, secrets });
  const engine = await openEngineFor(settings, 'worker', (error, where) =>
    logger.warn({ err: error, where }, 'engine'),
  );
  const store = await openStoreFor(settings, systemClock);
  const worker = await startWorker({ settings, engine, store, logger, clock: systemClock, secrets });
  logger.info({ queue: engine.description, store: store.url, health: worker.url }, 'worker is running');
  for (const warning of await engine.warnings().catch(() => [])) logger.warn(warning);

  const stop = async (signal: string) => {
    logger.info({ signal }, 'stopping');
    await worker.close();
    await engine.close();
    await store.close();
    logger.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
