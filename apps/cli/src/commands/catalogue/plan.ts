import { writeFile } from 'node:fs/promises';
import {
  type CatalogueConfig,
  createPlan,
  type Decision,
  GUARDS,
  type GuardName,
  type Plan,
} from '@darkroom/catalogue';
import { InvalidArgumentError, Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand, type Result, readCount } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { explainDecision, formatExplanations } from './explain-item.ts';
import { withCatalogueFile } from './load.ts';
import {
  createPriceFinder,
  findManifest,
  findReviews,
  type PlanOptions,
  readForecastFacts,
} from './plan-input.ts';
import { formatPlan } from './plan-view.ts';
import { formatProblems, formatQuarantine } from './problem-report.ts';

interface Options extends PlanOptions {
  tenant: string;
  accept?: GuardName[];
  explain?: string;
  out?: string;
}

export const planCommand = defineCommand<Options>({
  path: 'catalogue plan',
  summary: 'Show what a run would buy, why, for how much, and when it would end. Buys nothing.',
  details:
    'It compares with the manifest of the last good run in the store of STORE_URL; without a store, every image is new. ' +
    'Images that were rejected in a report are bought again. ' +
    'Prices and quota are those of the settings of a worker. The exit code is 1 if the file or the source has a problem, ' +
    'and 6 if a guard stops the run.',
  args: [{ name: '<file>', text: 'a catalogue file' }],
  options: [
    // The plan reads the store itself, so no key says whose catalogue it is.
    new Option('--tenant <name>', 'the tenant of the key that will run a file without `tenant`').default(
      'default',
    ),
    new Option('--explain <key>', 'say why the images of this product are bought'),
    new Option('--accept <guard...>', 'pass these guards').choices(GUARDS),
    new Option('--out <path>', 'write the plan to this file: a run of it does exactly this, or stops'),
    new Option('--manifest <path>', 'compare with this manifest.jsonl instead'),
    new Option('--quota <n>', 'submissions per second (default: TOAPIS_SUBMIT_PER_SECOND)').argParser(
      readRate,
    ),
    new Option('--backlog <n>', 'renders that are submitted first (default: ask the API)').argParser(
      readBacklog,
    ),
  ],
  examples: [
    'catalogue plan catalogue.yaml',
    "catalogue plan catalogue.yaml --explain 'CH 100'",
    'catalogue plan catalogue.yaml --accept many_changes --out plan.json',
    'catalogue plan catalogue.yaml --backlog 0 --json price,buy,finish_at',
  ],
  fields: [
    'catalogue',
    'rows',
    'items',
    'buy',
    'unchanged',
    'quarantined',
    'left',
    'removed',
    'price',
    'possible_price',
    'over_budget',
    'finish_at',
    'finish_reason',
    'deadline',
    'late_ms',
    'guards',
    'samples',
    'explanations',
    'quarantine',
    'count',
    'problems',
  ],
  uses: 'api',
  run: ({ args: [path = ''], options, host, api, style }) =>
    withCatalogueFile(path, host, async ({ settings, ...loaded }): Promise<Result> => {
      const { accept = [], explain, out, tenant } = options;
      const toName = (config: CatalogueConfig) => ({ tenant: config.tenant ?? tenant, name: config.name });
      const now = host.clock.now();
      const explained: Decision[] = [];
      const result = await createPlan({
        ...loaded,
        tenant,
        findManifest: (config) => findManifest(options, settings, loaded.workFolder, host, toName(config)),
        findReviews: (config) => findReviews(settings, host, toName(config)),
        findPrice: createPriceFinder(settings),
        maxPurchases: settings.MAX_PURCHASES,
        accepted: accept,
        forecast: await readForecastFacts(options, settings, api, now),
        onDecision: (decision) => {
          const { key } = decision.kind === 'remove' ? decision.previous : decision.item;
          if (key === explain) explained.push(decision);
        },
      });
      if (result.kind === 'problems') {
        const { problems } = result;
        const data = { count: problems.count, problems: problems.listed };
        return { data, text: formatProblems(problems, path, style), exitCode: EXIT.failure };
      }
      const { plan } = result;
      if (out !== undefined) await writeFile(out, `${JSON.stringify(plan.file, undefined, 2)}\n`);
      const explanations = explained.map(explainDecision);
      if (explain !== undefined && explanations.length === 0)
        throw new CliError(
          EXIT.notFound,
          `Neither the source nor the last run has the key ${JSON.stringify(explain)}.`,
        );
      const isStopped = plan.guards.some(({ accepted }) => !accepted);
      return {
        data: { ...describePlan(plan), explanations, count: 0, problems: [] },
        text:
          explain === undefined
            ? `${formatQuarantine(plan.quarantine, path, style)}${formatPlan(plan, now, style)}`
            : formatExplanations(explanations),
        exitCode: isStopped && explain === undefined ? EXIT.refused : EXIT.ok,
      };
    }),
});

const toIso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

function describePlan({ file, forecast, samples, guards, quarantine, left, isOverBudget }: Plan) {
  const { catalogue, rows, items, buy, unchanged, quarantined, removed, price, possible_price } = file;
  const counts = { catalogue, rows, items, buy, unchanged, quarantined, removed, price, possible_price };
  const { finishAt, reason, deadlineAt, lateMs } = forecast;
  const times = {
    finish_at: toIso(finishAt),
    finish_reason: reason,
    deadline: toIso(deadlineAt),
    late_ms: lateMs,
  };
  return { ...counts, ...times, over_budget: isOverBudget, guards, samples, quarantine, left };
}

function readRate(text: string): number {
  const rate = Number(text);
  if (rate > 0 && rate <= 10_000) return rate;
  throw new InvalidArgumentError('expected a number above 0, such as 5 or 0.5.');
}

function readBacklog(text: string): number {
  return text === '0' ? 0 : readCount(text);
}
