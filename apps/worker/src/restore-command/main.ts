// The command `restore`.
//
// options.ts      the command line
// run-restore.ts  runs the restore, or follows it
// output.ts       the report for people
import { ConfigError, listSecrets, parseSettings } from '@darkroom/shared/config';
import { createLogger, errorMessage, systemClock } from '@darkroom/shared/runtime';
import { openEngineFor, openStoreFor } from '@darkroom/shared/service';
import { type Options, readOptions, UsageError } from './options.ts';
import { formatReport } from './output.ts';
import { runRestore } from './run-restore.ts';

const INTERRUPTED = 130;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

async function restore({ dryRun, json }: Options): Promise<number> {
  const settings = parseSettings(
    { LOG_LEVEL: 'warn', ...process.env },
    { production: ['QUEUE_URL', 'STORE_URL'] },
  );
  const secrets = listSecrets(process.env);
  const logger = createLogger({
    name: 'restore',
    level: settings.LOG_LEVEL,
    secrets,
    destination: { write: (line) => void process.stderr.write(line) },
  });
  const engine = await openEngineFor(settings, 'worker', (err, where) =>
    logger.warn({ err, where }, 'engine error'),
  );
  const store = await openStoreFor(settings, systemClock);
  try {
    process.stderr.write(
      `Comparing the queue with the store (queue: ${engine.description}, store: ${store.url})\n`,
    );
    const report = await runRestore({
      settings,
      engine,
      store,
      logger,
      clock: systemClock,
      secrets,
      dryRun,
      signal: interrupted.signal,
      showProgress: (percent) => void process.stderr.write(`${String(percent).padStart(4)} %\n`),
    });
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : formatReport(report, { dryRun }));
    return report.unreadable > 0 ? 1 : 0;
  } finally {
    await engine.close();
    await store.close();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(options.help);
  else process.exitCode = await restore(options);
} catch (error) {
  const isUsage = error instanceof UsageError;
  if (interrupted.signal.aborted) {
    process.stderr.write('Interrupted. What was restored stays; run it again for the rest.\n');
    process.exitCode = INTERRUPTED;
  } else {
    process.stderr.write(`${errorMessage(error)}\n${isUsage ? 'Try --help.\n' : ''}`);
    process.exitCode = isUsage || error instanceof ConfigError ? 2 : 1;
  }
}
