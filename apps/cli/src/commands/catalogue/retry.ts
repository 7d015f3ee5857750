import {
  type CatalogueFailuresResponse,
  catalogueRunSchema,
  FAILURES,
  type FailureInfo,
} from '@darkroom/api';
import { Option } from 'commander';
import type { Api, RunAddress } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount, formatTable } from '../../output/index.ts';
import { followRun } from './follow-run.ts';
import { codeForRun, formatRun, hasRunEnded } from './run-view.ts';
import { MAX_RUNS, tenantOption } from './runs.ts';

interface Options {
  tenant?: string;
  notBought?: true;
  code?: string[];
  wait: boolean;
}

type Failure = CatalogueFailuresResponse['data'][number];

export const retryFailedCommand = defineCommand<Options>({
  path: 'catalogue retry-failed',
  summary: 'Buy again what the last run of a catalogue could not deliver.',
  details:
    'It lists the errors and the price, and asks. A new run buys these items alone: it reads no source, and all other items stay as ' +
    'they are. Items whose image may be paid for are left out unless --code names their error: a redrive of the render gets ' +
    'the image without a second purchase. The exit code says how the new run ended, as in `catalogue run`.',
  args: [
    { name: '<name>', text: 'the name of a catalogue' },
    { name: '[run]', text: 'the name of a run (default: the latest that has delivered)' },
  ],
  options: [
    new Option('--not-bought', 'also what the deadline, the budget or a cancel left out'),
    new Option('--code <code...>', 'only items with these errors'),
    tenantOption(),
    new Option('--no-wait', 'do not wait for the end of the run'),
  ],
  examples: [
    'catalogue retry-failed shoes',
    'catalogue retry-failed shoes --code generation_failed --yes',
    'catalogue retry-failed shoes 2026-11-27 --not-bought --yes --json run,status,counts',
  ],
  fields: Object.keys(catalogueRunSchema.shape),
  uses: 'api',
  asks: true,
  run: async ({ args, options, api, host, confirm }) => {
    const { notBought = false, code: codes, wait } = options;
    const client = await api();
    const address = await findDelivered(client, args, options.tenant);
    const { data: failures } = await client.getCatalogueFailures(address);
    if (failures.length === 0) {
      const data = await client.getCatalogueRun(address);
      return { data, text: `The run ${address.run} of ${address.catalogue} lacks no image.\n` };
    }
    const chosen = failures.filter((one) => isChosen(one, notBought, codes));
    host.err(formatFailures(failures, chosen));
    const items = chosen.reduce((sum, one) => sum + one.items, 0);
    if (items === 0)
      throw new CliError(
        EXIT.notFound,
        `The run ${address.run} of ${address.catalogue} has no item to buy again.`,
        '--not-bought and --code choose others.',
      );
    const price = sumDollars(chosen.map((one) => one.price));
    await confirm(`Buy ${formatCount(items, 'image')} of the run ${address.run} again for $${price}?`);
    const started = await client.retryCatalogueRun(address, {
      ...(notBought ? { not_bought: true } : {}),
      ...(codes ? { codes } : {}),
      price,
    });
    host.err(`Run ${started.run} of ${address.catalogue} has begun. It goes on if you stop watching.\n`);
    if (!wait) return { data: started, text: formatRun(started, host.clock.now(), client) };
    const run = await followRun(client, { ...address, run: started.run }, host);
    return { data: run, text: formatRun(run, host.clock.now(), client), exitCode: codeForRun(run) };
  },
});

async function findDelivered(
  api: Api,
  [catalogue = '', run]: readonly string[],
  tenant: string | undefined,
): Promise<RunAddress> {
  if (run !== undefined) return { catalogue, run, tenant };
  const runs = await api.listCatalogueRuns(catalogue, { tenant, limit: MAX_RUNS });
  const [latest] = runs
    .filter((one) => hasRunEnded(one) && one.manifest)
    .toSorted((a, b) => (a.requested_at < b.requested_at ? 1 : -1));
  if (latest) return { catalogue, run: latest.run, tenant };
  throw new CliError(EXIT.notFound, `The catalogue ${catalogue} has no run that has delivered.`);
}

/** Exact, because the run stops if it is dearer. */
const sumDollars = (prices: readonly string[]) => {
  const micros = prices.reduce((sum, price) => sum + Math.round(Number(price) * 1e6), 0);
  return (micros / 1e6).toFixed(6).replace(/0{1,3}$/, '');
};

/** As the API chooses. */
const isChosen = ({ status, code, may_be_paid }: Failure, notBought: boolean, codes: string[] | undefined) =>
  (status === 'failed' || notBought) && (codes ? codes.includes(code) : !may_be_paid);

function formatFailures(failures: readonly Failure[], chosen: readonly Failure[]): string {
  const rows = failures.map((one) => [
    one.code,
    one.status.replace('_', ' '),
    String(one.items),
    `$${one.price}`,
    chosen.includes(one) ? 'yes' : 'no',
    describeFailure(one),
  ]);
  return formatTable(['ERROR', 'STATUS', 'IMAGES', 'PRICE', 'BUY', ''], rows, '');
}

function describeFailure({ code, fails_again, may_be_paid }: Failure): string {
  if (fails_again) return 'It fails again: change the prompt or the source first.';
  if (may_be_paid) return 'It may be paid for: redrive its render.';
  return (FAILURES as Record<string, FailureInfo | undefined>)[code]?.title ?? '';
}
