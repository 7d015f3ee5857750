// All of Darkroom in one process; `npx -y pnpm@12 start` runs it.
//
// options.ts            the command line
// compose.ts            queue, store, provider, worker and API: started and closed together
// report-restore.ts     says what was restored after the queue was lost
// sample-catalogue.ts   the sample catalogue: its file and its rows, from the folder samples/
// sample-name.ts        its name, kept across starts
// confirm-spend.ts      asks before it spends real money
// run-samples.ts        runs the catalogue and follows it to its end
// catalogue-api.ts      …the calls for this, beside those of @darkroom/client
// progress.ts           shows the progress
// summary.ts            the result: counts, cost, a table
// open-report.ts        opens the contact sheet in the browser
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { ConfigError, listSecrets, parseSettings, type Settings } from '@darkroom/shared/config';
import { EngineError } from '@darkroom/shared/engine';
import { systemClock } from '@darkroom/shared/runtime';
import { composeDarkroom, type RunningDarkroom } from './compose.ts';
import { confirmSpend } from './confirm-spend.ts';
import { hasBrowser, openReport } from './open-report.ts';
import { readOptions } from './options.ts';
import { formatDollars, openProgressDisplay } from './progress.ts';
import { reportRestore } from './report-restore.ts';
import { runSamples } from './run-samples.ts';
import { readSampleCatalogue, type SampleCatalogue } from './sample-catalogue.ts';
import { readSampleName } from './sample-name.ts';
import { formatCost, formatTable, type Summary, summarizeRun } from './summary.ts';

const INTERRUPTED = 130;

// With --json, text goes to stderr: the summary must be the last line of stdout, where pnpm prints lines of its own.
const options = readOptions(process.argv);
const output = options.json ? process.stderr : process.stdout;
const print = (line = '') => output.write(`${line}\n`);
const interrupted = new AbortController();

async function main(): Promise<number> {
  const startedAt = systemClock.now();
  const settings = parseSettings(
    { LOG_LEVEL: 'error', ...process.env },
    { production: ['QUEUE_URL', 'STORE_URL', 'TOAPIS_API_KEY'] },
  );
  const catalogue = options.catalogue ? await readSampleCatalogue(options.count, settings) : undefined;
  if (catalogue && !(await maySpend(catalogue, settings))) return 2;
  print(`${styleText('bold', 'Darkroom')}${styleText('dim', ' is starting…')}`);
  const newDatabase = findNewDatabase(settings);
  if (newDatabase)
    print(`  Creating the embedded queue database in ${newDatabase} (first start only, about 10 s)…`);
  const darkroom = await composeDarkroom({
    settings,
    secrets: listSecrets(process.env),
    clock: systemClock,
    fast: options.fast === true,
  });
  try {
    interrupted.signal.throwIfAborted();
    printAddresses(darkroom);
    await reportRestore(darkroom, { print, clock: systemClock, signal: interrupted.signal });
    const code = catalogue ? await renderSamples(darkroom, catalogue, startedAt) : 0;
    if (options.once) return code;
    interrupted.signal.throwIfAborted();
    print(styleText('dim', '\n  Serving. Press Ctrl-C to stop.'));
    await new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve, { once: true }));
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return INTERRUPTED;
  } finally {
    await darkroom.close();
    if (interrupted.signal.aborted) print('  Stopped.');
  }
}

/** With the real provider, asks for a confirmation of the price. */
async function maySpend({ priceMicros: micros }: SampleCatalogue, settings: Settings): Promise<boolean> {
  if (!settings.TOAPIS_API_KEY) return true;
  const interactive = Boolean(process.stdin.isTTY);
  if (await confirmSpend(micros, { yes: options.yes === true, interactive })) return true;
  print(
    `Nothing was bought. The samples would cost about ${formatDollars(micros)}; --yes buys them without asking.`,
  );
  return false;
}

/** @returns the folder in which this start creates the database of the embedded queue; undefined if it exists. */
function findNewDatabase({ QUEUE_URL, DATA_DIR }: Settings): string | undefined {
  const folder = join(DATA_DIR, 'queue');
  return QUEUE_URL || existsSync(join(folder, 'pgdata')) ? undefined : folder;
}

function printAddresses({ engine, producer, simulator, settings, ...darkroom }: RunningDarkroom): void {
  if (settings.PORT !== 0 && !producer.url.endsWith(`:${settings.PORT}`))
    print(`  Port ${settings.PORT} is in use. Darkroom uses a free port instead.`);
  print(`  overview   ${producer.url}/  (images: ${producer.url}/renders)`);
  print(`  dashboard  ${darkroom.dashboardUrl}`);
  print(`  API        ${producer.url}/v1/renders  (reference: ${producer.url}/reference)`);
  print(`  images     ${darkroom.imageLocation}`);
  print(`  queue      ${engine.description}`);
  const provider = simulator
    ? `${simulator.url} (simulated, because TOAPIS_API_KEY is not set; nothing costs money)`
    : (settings.TOAPIS_BASE_URL ?? 'https://toapis.com');
  print(`  provider   ${provider}\n`);
}

/** @returns the exit code: 0 if every sample ended as expected. */
async function renderSamples(
  darkroom: RunningDarkroom,
  catalogue: SampleCatalogue,
  startedAt: number,
): Promise<number> {
  const name = await readSampleName(darkroom.store, { fresh: options.fresh === true });
  const { samples } = catalogue;
  print(`  Rendering ${samples.length} samples (catalogue ${name})`);
  const display = openProgressDisplay(output, () => systemClock.now());
  interrupted.signal.addEventListener('abort', display.end, { once: true });
  const ended = await runSamples(catalogue, darkroom, {
    name,
    clock: systemClock,
    signal: interrupted.signal,
    show: display.show,
  }).finally(display.end);
  const summary = await summarizeRun(ended, samples, darkroom, systemClock.now() - startedAt);
  print(`\n${formatTable(ended.ended)}\n`);
  printSummary(summary);
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (mayOpenReport()) await openReport(summary.report);
  return summary.as_expected ? 0 : 1;
}

const mayOpenReport = () =>
  options.open &&
  !options.once &&
  !options.json &&
  process.stdout.isTTY === true &&
  hasBrowser(process.env, process.platform);

function printSummary(summary: Summary): void {
  if (summary.earlier === 'ended')
    print('  An earlier start rendered these samples. This start bought nothing; --fresh renders them anew.');
  else if (summary.unchanged > 0)
    print(
      `  ${summary.unchanged} samples are unchanged, and were not bought again; --fresh renders them anew.`,
    );
  const { as_expected: asExpected, billed } = summary;
  print(
    `  ${summary.completed} completed, ${summary.failed} failed${asExpected ? ' as intended' : ''} ` +
      `(${summary.dead_lettered} in the dead-letter queue), ` +
      `${summary.differing === 0 ? '' : `${summary.differing} images differ from the request, `}` +
      `${summary.purchases} purchases${billed === null ? '' : `, ${billed} billed`}, ` +
      `${formatCost(summary.cost_usd)}, ${(summary.elapsed_ms / 1000).toFixed(1)} s`,
  );
  print(`  images     ${summary.images}`);
  if (options.once) {
    print(`  contact sheet  ${summary.report_file}`);
    print(`  dashboard  ${summary.dashboard} (stops now; start without --once to keep it)`);
  } else {
    print(`  overview   ${summary.overview}`);
    print(`  dashboard  ${summary.dashboard}`);
    print(`\n  ${styleText('bold', 'Contact sheet')}  ${summary.report}`);
    print(styleText('dim', `                 also without Darkroom: ${summary.report_file}`));
  }
  if (!asExpected)
    print(styleText('red', `  Not as expected. Failure codes: ${JSON.stringify(summary.reasons)}`));
}

/** npx and pnpm may pass on a Ctrl-C that the terminal has sent to this process already. Both are one Ctrl-C. */
const SAME_CTRL_C_MS = 500;
let interruptedAt = 0;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    const now = systemClock.now();
    if (interrupted.signal.aborted) {
      if (now - interruptedAt > SAME_CTRL_C_MS) process.exit(INTERRUPTED);
      return;
    }
    interruptedAt = now;
    interrupted.abort(new Error(signal));
    print(
      '\n  Stopping. Renders that have not ended continue on the next start. Ctrl-C again exits at once.',
    );
  });
}

try {
  process.exit(await main());
} catch (error) {
  const known = error instanceof ConfigError || error instanceof EngineError;
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
