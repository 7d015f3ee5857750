import {
  ConfigError,
  createLogger,
  openEngineFor,
  openStoreFor,
  parseSettings,
  secretsOf,
  systemClock,
} from '@darkroom/shared';
import { help } from './help.ts';
import { startProducer } from './start-producer.ts';

const NEEDS = { production: ['QUEUE_URL', 'STORE_URL'] } as const;

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(help());
} else {
  try {
    await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `${error instanceof ConfigError ? message : `The producer did not start: ${message}`}\n`,
    );
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
}

async function run() {
  const settings = parseSettings(process.env, NEEDS);
  const secrets = secretsOf(process.env);
  const logger = createLogger({ name: 'producer', level: settings.LOG_LEVEL, secrets });
  const engine = await openEngineFor(settings, 'producer', (err, where) =>
    logger.warn({ err, where }, 'engine'),
  );
  const store = await openStoreFor(settings, systemClock);
  const producer = await startProducer({ settings, engine, store, logger, clock: systemClock, secrets });

  const closeAll = async () => {
    await producer.close();
    await engine.close();
    await store.close();
  };
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    // A caller that reads for ever must not keep the process.
    const limit = setTimeout(() => process.exit(1), settings.SHUTDOWN_TIMEOUT_MS);
    limit.unref();
    closeAll().then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  process.stdout.write(
    `Darkroom takes renders at ${producer.url} (queue: ${engine.description}, store: ${store.url}); dashboard: ${producer.url}/queues\n`,
  );
  if (engine.kind === 'pglite') {
    logger.warn(
      'The queue lives in this process, where no worker reaches it: set QUEUE_URL, or run all of it with `start`.',
    );
  }
  for (const warning of await engine.warnings().catch(() => [])) logger.warn(warning);
}
