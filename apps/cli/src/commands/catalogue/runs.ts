import { type CatalogueResponse, catalogueRunSchema, catalogueSchema } from '@darkroom/api';
import { Option } from 'commander';
import type { Api, RunAddress } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatTable, formatTime } from '../../output/index.ts';
import { followRun } from './follow-run.ts';
import { formatLocalTime } from './local-time.ts';
import { codeForRun, findReport, formatRun, formatRuns } from './run-view.ts';

interface TenantOption {
  tenant?: string;
}

const NAME_ARGUMENT = { name: '<name>', text: 'the name of a catalogue' };
const RUN_ARGUMENT = { name: '[run]', text: 'the name of a run (default: the latest)' };
const RUN_FIELDS = Object.keys(catalogueRunSchema.shape);
export const MAX_RUNS = 100;

export const tenantOption = () =>
  new Option('--tenant <name>', 'the tenant, for keys of all tenants (default: default)');

/** The run that the arguments name, or the latest one. @throws CliError when there is none */
async function findRun(
  api: Api,
  [catalogue = '', run]: readonly string[],
  { tenant }: TenantOption,
): Promise<RunAddress> {
  if (run !== undefined) return { catalogue, run, tenant };
  const runs = await api.listCatalogueRuns(catalogue, { tenant, limit: MAX_RUNS });
  const [latest] = runs.toSorted((a, b) => (a.requested_at < b.requested_at ? 1 : -1));
  if (latest) return { catalogue, run: latest.run, tenant };
  throw new CliError(EXIT.notFound, `The catalogue ${catalogue} has no runs.`);
}

export const statusCommand = defineCommand<TenantOption>({
  path: 'catalogue status',
  summary: 'Show a run of a catalogue: counts, money, problems.',
  args: [NAME_ARGUMENT, RUN_ARGUMENT],
  options: [tenantOption()],
  examples: ['catalogue status shoes', 'catalogue status shoes 2026-11-27 --json status,counts,cost'],
  fields: RUN_FIELDS,
  uses: 'api',
  run: async ({ args, options, api, host }) => {
    const client = await api();
    const run = await client.getCatalogueRun(await findRun(client, args, options));
    return { data: run, text: formatRun(run, host.clock.now(), client) };
  },
});

export const watchCommand = defineCommand<TenantOption>({
  path: 'catalogue watch',
  summary: 'Follow a run of a catalogue until it ends.',
  details: 'The exit code says how it ended, as in `catalogue run`.',
  args: [NAME_ARGUMENT, RUN_ARGUMENT],
  options: [tenantOption()],
  examples: ['catalogue watch shoes', 'catalogue watch shoes 2026-11-27 --json status,counts'],
  fields: RUN_FIELDS,
  uses: 'api',
  run: async ({ args, options, api, host }) => {
    const client = await api();
    const run = await followRun(client, await findRun(client, args, options), host);
    return { data: run, text: formatRun(run, host.clock.now(), client), exitCode: codeForRun(run) };
  },
});

export const reportCommand = defineCommand<TenantOption & { web?: true }>({
  path: 'catalogue report',
  summary: 'Say where the report of a run is: its images, money and errors, for people.',
  details: 'The page is for a browser that is signed in. From the store, it opens without the API.',
  args: [NAME_ARGUMENT, RUN_ARGUMENT],
  options: [tenantOption(), new Option('--web', 'open it in a browser')],
  examples: ['catalogue report shoes', 'catalogue report shoes 2026-11-27 --web'],
  fields: ['run', 'url'],
  uses: 'api',
  run: async ({ args, options, api, host }) => {
    const client = await api();
    const run = await client.getCatalogueRun(await findRun(client, args, options));
    const url = findReport(run, client);
    if (url === undefined)
      throw new CliError(
        EXIT.notFound,
        `The run ${run.run} of ${run.catalogue} delivered nothing (${run.status}).`,
      );
    if (options.web) await host.openPage(url);
    return { data: { run: run.run, url }, text: `${url}\n` };
  },
});

export const cancelCommand = defineCommand<TenantOption & { reason?: string }>({
  path: 'catalogue cancel',
  summary: 'Cancel a run of a catalogue: it buys nothing more, and delivers what was bought.',
  args: [NAME_ARGUMENT, RUN_ARGUMENT],
  options: [tenantOption(), new Option('--reason <text>', 'why, for the audit log')],
  examples: ['catalogue cancel shoes', "catalogue cancel shoes 2026-11-27 --reason 'wrong prices' --yes"],
  fields: RUN_FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args, options, api, host, confirm }) => {
    const client = await api();
    const address = await findRun(client, args, options);
    await confirm(`Cancel the run ${address.run} of ${address.catalogue}?`);
    const run = await client.cancelCatalogueRun(address, options.reason);
    return { data: run, text: formatRun(run, host.clock.now(), client) };
  },
});

export const listCommand = defineCommand<TenantOption>({
  path: 'catalogue list',
  summary: 'List the catalogues with their next night, last one and alarms, or the runs of one.',
  args: [{ name: '[name]', text: 'a catalogue: lists its runs' }],
  options: [tenantOption()],
  examples: ['catalogue list', 'catalogue list shoes', 'catalogue list shoes --json run,status,counts'],
  fields: [...new Set([...Object.keys(catalogueSchema.shape), ...RUN_FIELDS])],
  uses: 'api',
  run: async ({ args: [catalogue], options: { tenant }, api, host }) => {
    const client = await api();
    const now = host.clock.now();
    if (catalogue !== undefined) {
      const runs = await client.listCatalogueRuns(catalogue, { tenant, limit: MAX_RUNS });
      return { data: runs, text: formatRuns(runs, now) };
    }
    const catalogues = await client.listCatalogues(tenant);
    const rows = catalogues.map(({ name, latest, open_runs: open, schedule }) => [
      name,
      latest ? latest.run : 'none',
      latest ? String(latest.items) : '',
      latest ? formatTime(latest.finished_at, now) : '',
      open.join(', '),
      schedule?.next_night ? formatLocalTime(schedule.next_night.due_at, schedule.time_zone) : '',
      describeLastNight(schedule),
      (schedule?.alarms ?? []).map(({ date, code }) => `${date} ${code}`).join(', '),
    ]);
    const head = [
      'NAME',
      'LAST GOOD RUN',
      'IMAGES',
      'ENDED',
      'RUNNING',
      'NEXT NIGHT',
      'LAST NIGHT',
      'ALARMS',
    ];
    return { data: catalogues, text: formatTable(head, rows, 'There are no catalogues.') };
  },
});

function describeLastNight(schedule: CatalogueResponse['schedule']): string {
  const night = schedule?.last_night;
  return night ? `${night.date} ${night.status ?? night.outcome}` : '';
}
