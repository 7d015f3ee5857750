// index.ts       runs new, list, get, watch, seal, cancel, redrive, results
// follow-run.ts  follows a run to its end
// run-view.ts    runs and their results as text
import {
  FINAL_STATUSES,
  type FinalStatus,
  PRIORITIES,
  type RunRequest,
  redrivePlanSchema,
  runResultSchema,
  runSchema,
} from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { type CommandSpec, callApi, defineCommand, readCount } from '../../command/index.ts';
import { formatPlan } from '../redrives/index.ts';
import { followRun } from './follow-run.ts';
import { formatResult, formatRun, formatRuns } from './run-view.ts';

const FIELDS = Object.keys(runSchema.shape);
const RUN = { name: '<id>', text: 'the id of a run: the `run` of its renders' };
const tenantOption = () => new Option('--tenant <name>', 'its tenant, with a key of all tenants');

interface OfTenant {
  tenant?: string;
}

interface NewOptions extends OfTenant {
  name?: string;
  lane?: RunRequest['lane'];
  deadline?: string;
  budget?: string;
  webhook?: string;
}

const newCommand = defineCommand<NewOptions>({
  path: 'runs new',
  summary: 'Create a run. Renders whose `run` is its id belong to it from then on.',
  args: [{ name: '[id]', text: 'its id; without one, the server draws it' }],
  options: [
    tenantOption(),
    new Option('--name <text>', 'for people'),
    new Option('--lane <lane>', 'the lane of its renders that name none').choices(PRIORITIES),
    new Option('--deadline <time>', 'when it stops buying, such as 2026-11-27T05:00:00Z').argParser(readTime),
    new Option('--budget <dollars>', 'what its renders may cost together'),
    new Option('--webhook <url>', 'gets the webhook run.finished'),
  ],
  examples: ['runs new night-1 --lane batch --budget 20.00', 'runs new --name test --json id'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({
    send: (client, { args: [id], options: { webhook, ...options } }) =>
      client.createRun({
        ...(id === undefined ? {} : { id }),
        ...options,
        ...(webhook === undefined ? {} : { webhook_url: webhook }),
      }),
    format: formatRun,
  }),
});

function readTime(text: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError('expected a time such as 2026-11-27T05:00:00Z.');
}

const listCommand = defineCommand<OfTenant & { limit: number }>({
  path: 'runs list',
  summary: 'List runs, the latest first.',
  options: [tenantOption(), new Option('--limit <n>', 'at most this many').argParser(readCount).default(20)],
  examples: ['runs list', 'runs list --json id,status,total,counts'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({
    send: (client, { options: { tenant, limit } }) => client.listRuns(tenant, limit),
    format: formatRuns,
  }),
});

const getCommand = defineCommand<OfTenant>({
  path: 'runs get',
  summary: 'Show a run: counts, rate, ETA, cost.',
  args: [RUN],
  options: [tenantOption()],
  examples: ['runs get night-1', 'runs get night-1 --json status,counts,eta,spent'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({
    send: (client, { args: [id = ''], options: { tenant } }) => client.getRun({ id, tenant }),
    format: formatRun,
  }),
});

const watchCommand = defineCommand<OfTenant>({
  path: 'runs watch',
  summary: 'Follow a run until it has finished. Only a sealed run finishes.',
  details:
    'The exit code says how it finished: 5 if some of its renders failed or were canceled, 4 if it was canceled.',
  args: [RUN],
  options: [tenantOption()],
  examples: ['runs watch night-1', 'runs watch night-1 --json status,counts'],
  fields: FIELDS,
  uses: 'api',
  run: async ({ args: [id = ''], options: { tenant }, api, host }) => {
    const { run: data, exitCode } = await followRun(await api(), { id, tenant }, host);
    return { data, text: formatRun(data, host.clock.now()), exitCode };
  },
});

const reasonOption = () => new Option('--reason <text>', 'why, for people');

const sealCommand = defineCommand<OfTenant & { reason?: string }>({
  path: 'runs seal',
  summary: 'Seal a run: no more renders come, and it finishes when the last one has ended.',
  args: [RUN],
  options: [tenantOption(), reasonOption()],
  examples: ['runs seal night-1', "runs seal night-1 --reason 'all sent' --json status,total"],
  fields: FIELDS,
  uses: 'api',
  run: callApi({
    send: (client, { args: [id = ''], options: { tenant, reason } }) =>
      client.sealRun({ id, tenant }, reason),
    format: formatRun,
  }),
});

const cancelCommand = defineCommand<OfTenant & { reason?: string }>({
  path: 'runs cancel',
  summary: 'Cancel a run: it buys nothing more. Images that are bought are still stored.',
  args: [RUN],
  options: [tenantOption(), reasonOption()],
  examples: ['runs cancel night-1', "runs cancel night-1 --reason 'wrong prompts' --yes --json status"],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: callApi({
    ask: ({ args: [id] }) => `Cancel the run ${id}? Its renders that were not bought are canceled.`,
    send: (client, { args: [id = ''], options: { tenant, reason } }) =>
      client.cancelRun({ id, tenant }, reason),
    format: formatRun,
  }),
});

const redriveCommand = defineCommand<OfTenant>({
  path: 'runs redrive',
  summary: 'Plan a redrive of the failed renders of a run. Changes nothing.',
  args: [RUN],
  options: [tenantOption()],
  examples: ['runs redrive night-1', 'runs redrive night-1 --json id,total,purchases'],
  fields: Object.keys(redrivePlanSchema.shape),
  uses: 'api',
  run: callApi({
    send: (client, { args: [id = ''], options: { tenant } }) => client.planRunRedrive({ id, tenant }),
    format: (plan, now) => `${formatPlan(plan, now)}\nExecute it with: darkroom redrives create ${plan.id}\n`,
  }),
});

interface ResultsOptions extends OfTenant {
  status?: FinalStatus[];
  expand?: true;
}

const resultsCommand = defineCommand<ResultsOptions>({
  path: 'runs results',
  summary: 'Write how the renders of a run ended: one line of JSON for each.',
  details: 'The lines are written as they arrive. With --json, they are written at the end, as one list.',
  args: [RUN],
  options: [
    tenantOption(),
    new Option('--status <list>', `only these: ${FINAL_STATUSES.join(', ')}`).argParser(readStatuses),
    new Option('--expand', 'each line with the whole render'),
  ],
  examples: ['runs results night-1', 'runs results night-1 --status failed --json id,error_code'],
  fields: Object.keys(runResultSchema.shape),
  uses: 'api',
  run: async ({ args: [id = ''], options: { tenant, status, expand = false }, api, host, isJson }) => {
    const data: object[] = [];
    for await (const line of (await api()).readRunResults({ id, tenant }, { status, expand })) {
      if (isJson) data.push(line);
      else host.out(formatResult(line));
    }
    return { data, text: '' };
  },
});

function readStatuses(text: string): FinalStatus[] {
  const names = text.split(',').map((word) => word.trim());
  const isFinal = (name: string): name is FinalStatus => (FINAL_STATUSES as readonly string[]).includes(name);
  if (names.every(isFinal)) return names;
  throw new InvalidArgumentError(`expected one or more of ${FINAL_STATUSES.join(', ')}.`);
}

export const RUN_COMMANDS: readonly CommandSpec<never>[] = [
  newCommand,
  listCommand,
  getCommand,
  watchCommand,
  sealCommand,
  cancelCommand,
  redriveCommand,
  resultsCommand,
];
