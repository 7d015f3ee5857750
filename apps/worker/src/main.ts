import {
  ConfigError,
  createLogger,
  openEngineFor,
  openStoreFor,
  parseSettings,
  secretsOf,
  systemClock,
} from '@darkroom/shared';
import { startWorker } from './start-worker.ts';

const NEEDED = ['QUEUE_URL', 'STORE_URL', 'TOAPIS_API_KEY'] as const;

try {
  const settings = parseSettings(process.env, NEEDED);
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
