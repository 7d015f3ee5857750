// All of Darkroom in one process; what `start` runs.
//
// options.ts            the command line
// compose.ts            queue, store, provider, worker and API, opened and closed together
// catalogue.ts          the sample renders
// edition.ts            which samples these are, across runs
// render-catalogue.ts   sends them through the API, follows them to their end
// follow.ts             where they stand
// progress.ts           shows it
// spend.ts              asks before it spends real money
// summary.ts            what became of them
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { styleText } from 'node:util';
import { ConfigError, listSecrets, parseSettings } from '@darkroom/shared/config';
import { EngineError } from '@darkroom/shared/engine';
import { systemClock } from '@darkroom/shared/runtime';
import { sampleCatalogue } from './catalogue.ts';
import { type House, openHouse } from './compose.ts';
import { sampleEdition } from './edition.ts';
import { readOptions } from './options.ts';
import { dollars, openProgress } from './progress.ts';
import { renderCatalogue } from './render-catalogue.ts';
import { maySpend, priceOfSamples } from './spend.ts';
import { summarise, tableOf } from './summary.ts';

// pnpm prints its own chatter to stdout; with --json, ours goes to stderr and the summary stays alone at the end.
const options = readOptions(process.argv);
const people = options.json ? process.stderr : process.stdout;
const say = (line = '') => people.write(`${line}\n`);
const interrupted = new AbortController();

async function main(): Promise<number> {
  const startedAt = systemClock.now();
  const settings = parseSettings(
    { LOG_LEVEL: 'error', ...process.env },
    { production: ['QUEUE_URL', 'STORE_URL', 'TOAPIS_API_KEY'] },
  );
  const samples = options.catalogue
    ? await sampleCatalogue(options.count, await sampleEdition(settings.DATA_DIR, options.fresh === true))
    : [];
  if (settings.TOAPIS_API_KEY && samples.length > 0) {
    const micros = priceOfSamples(samples, settings.PRICES);
    if (!(await maySpend(micros, { yes: options.yes === true, interactive: Boolean(process.stdin.isTTY) }))) {
      say(
        `Nothing was bought. The samples would cost about ${dollars(micros)}; --yes spends without asking.`,
      );
      return 2;
    }
  }
  say(styleText('bold', 'Darkroom') + styleText('dim', ' is opening…'));
  const house = await openHouse({
    settings,
    secrets: listSecrets(process.env),
    clock: systemClock,
    fast: options.fast === true,
  });
  try {
    introduce(house);
    const code = samples.length > 0 ? await renderSamples(house, samples, startedAt) : 0;
    if (options.once || interrupted.signal.aborted) return code;
    say(styleText('dim', '\n  Serving until Ctrl-C.'));
    await new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve, { once: true }));
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    say('\n  Interrupted. Nothing is lost: start again and it goes on where it stopped.');
    return 130;
  } finally {
    await house.close();
  }
}

function introduce(house: House): void {
  const { engine, producer, simulator, settings } = house;
  const { PORT: wanted } = settings;
  if (wanted !== 0 && !producer.url.endsWith(`:${wanted}`))
    say(`  Port ${wanted} is taken: a free one stands in for it.`);
  say(`  dashboard  ${producer.url}/queues`);
  say(`  API        ${producer.url}/v1/renders  (reference: ${producer.url}/reference)`);
  say(`  pictures   ${picturesOf(house)}`);
  say(`  queue      ${engine.description}`);
  const provider = simulator
    ? `${simulator.url} (simulated: no TOAPIS_API_KEY is set, nothing costs money)`
    : settings.TOAPIS_BASE_URL;
  say(`  provider   ${provider ?? 'https://toapis.com'}\n`);
}

async function renderSamples(
  house: House,
  samples: Awaited<ReturnType<typeof sampleCatalogue>>,
  startedAt: number,
): Promise<number> {
  say(`  Rendering ${samples.length} samples`);
  const progress = openProgress(people, () => systemClock.now());
  const run = await renderCatalogue(samples, house, {
    clock: systemClock,
    signal: interrupted.signal,
    progress,
    startedAt,
  }).finally(() => progress.end());
  const summary = await summarise({
    ...run,
    simulator: house.simulator,
    elapsedMs: systemClock.now() - startedAt,
    images: picturesOf(house),
    dashboard: `${house.producer.url}/queues`,
  });
  say(`\n${tableOf(run.ended)}\n`);
  if (run.duplicates > 0) {
    say(
      `  ${run.duplicates} of them were asked for by an earlier run and were not queued again; --fresh renders anew.`,
    );
  }
  say(
    `  ${summary.completed} completed, ${summary.failed} failed${summary.as_expected ? ' as intended' : ''} ` +
      `(${summary.dead_lettered} in the dead-letter queue), ` +
      `${summary.purchases} purchases${summary.billed === null ? '' : `, ${summary.billed} billed`}, ` +
      `$${summary.cost_usd.toFixed(3)}, ${(summary.elapsed_ms / 1000).toFixed(1)} s`,
  );
  say(`  pictures   ${summary.images}`);
  say(
    `  dashboard  ${summary.dashboard}${options.once ? ' (while it runs; leave out --once to keep it)' : ''}`,
  );
  if (!summary.as_expected) say(styleText('red', `  Not as expected: ${JSON.stringify(summary.reasons)}`));
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  return summary.as_expected ? 0 : 1;
}

function picturesOf({ store }: House): string {
  return store.kind === 'folder'
    ? join(fileURLToPath(store.url), 'objects', 'images')
    : `${store.url}/images`;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort(new Error(signal));
  });
}

try {
  process.exit(await main());
} catch (error) {
  const known = error instanceof ConfigError || error instanceof EngineError;
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}
