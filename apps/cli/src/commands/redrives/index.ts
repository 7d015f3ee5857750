// index.ts           redrives plan, create, list, get, items, watch, pause, resume, cancel
// redrive.ts         dead-letters redrive and renders redrive: plan, show, confirm, run, follow
// execution.ts       …how a plan is executed
// follow-redrive.ts  follows a redrive to its end
// redrive-view.ts    plans and redrives as text
import {
  REDRIVE_ITEM_STATUSES,
  type RedriveItemStatus,
  redriveItemSchema,
  redrivePlanSchema,
  redriveSchema,
} from '@darkroom/api';
import { InvalidArgumentError, Option } from 'commander';
import { type CommandSpec, callApi, defineCommand, readCount } from '../../command/index.ts';
import {
  type FilterOptions,
  readSelection,
  SELECTION_ARGUMENT,
  selectionOptions,
} from '../dead-letters/index.ts';
import { type ExecutionOptions, executionOptions, toExecution } from './execution.ts';
import { describeRedrive, followRedrive } from './follow-redrive.ts';
import { deadLettersRedriveCommand, rendersRedriveCommand } from './redrive.ts';
import { formatItems, formatPlan, formatRedrive, formatRedrives } from './redrive-view.ts';

export { formatPlan };

const FIELDS = Object.keys(redriveSchema.shape);
const REDRIVE = { name: '<id>', text: 'the id of a redrive: rdv_…' };

const planCommand = defineCommand<FilterOptions & { all?: true }>({
  path: 'redrives plan',
  summary: 'Say what a redrive would do and cost. Changes nothing.',
  args: [SELECTION_ARGUMENT],
  options: selectionOptions(),
  examples: ['redrives plan --all', 'redrives plan --run night-12 --json id,total,purchases,acknowledge'],
  fields: Object.keys(redrivePlanSchema.shape),
  uses: 'api',
  run: async ({ args: ids, options, api, host }) => {
    const now = host.clock.now();
    const data = await (await api()).planRedrive(readSelection(ids, options, now));
    return { data, text: `${formatPlan(data, now)}\nExecute it with: darkroom redrives create ${data.id}\n` };
  },
});

const createCommand = defineCommand<ExecutionOptions>({
  path: 'redrives create',
  summary: 'Execute a plan: exactly its renders, and nothing that has changed since.',
  args: [{ name: '<plan>', text: 'the id of a plan: rdp_…' }],
  options: executionOptions(),
  examples: [
    'redrives create rdp_5f1c… --rate 20 --max-spend 5.00',
    "redrives create rdp_5f1c… --reason 'the store is back' --yes --json id",
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [id = ''], options, api, host, confirm }) => {
    const client = await api();
    const plan = await client.getPlan(id);
    host.err(formatPlan(plan, host.clock.now()));
    await confirm(`Execute this plan of ${plan.total} renders?`);
    const data = await client.executePlan(toExecution(id, options));
    const text = `${formatRedrive(data, host.clock.now())}\nFollow it with: darkroom redrives watch ${data.id}\n`;
    return { data, text };
  },
});

const listCommand = defineCommand<{ limit: number }>({
  path: 'redrives list',
  summary: 'List redrives, the latest first.',
  options: [new Option('--limit <n>', 'at most this many').argParser(readCount).default(20)],
  examples: ['redrives list', 'redrives list --json id,status,remaining'],
  fields: FIELDS,
  uses: 'api',
  page: () => 'redrives',
  run: callApi({
    send: (client, { options: { limit } }) => client.listRedrives(limit),
    format: formatRedrives,
  }),
});

const getCommand = defineCommand({
  path: 'redrives get',
  summary: 'Show a redrive, and why renders failed again or were skipped.',
  args: [REDRIVE],
  examples: ['redrives get rdv_5f1c…', 'redrives get rdv_5f1c… --json status,remaining'],
  fields: FIELDS,
  uses: 'api',
  page: ([id = '']) => `redrives/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host }) => {
    const client = await api();
    const data = await client.getRedrive(id);
    return { data, text: await describeRedrive(client, data, host.clock.now()) };
  },
});

const itemsCommand = defineCommand<{ status: RedriveItemStatus[]; limit: number }>({
  path: 'redrives items',
  summary: 'List the renders of a redrive: which it buys again, and what became of each.',
  args: [REDRIVE],
  options: [
    new Option('--status <list>', `only these: ${REDRIVE_ITEM_STATUSES.join(', ')}`)
      .argParser(readStatuses)
      .default([...REDRIVE_ITEM_STATUSES], 'all'),
    new Option('--limit <n>', 'at most this many').argParser(readCount).default(100),
  ],
  examples: ['redrives items rdv_5f1c…', 'redrives items rdv_5f1c… --status failed,skipped --json id,error'],
  fields: Object.keys(redriveItemSchema.shape),
  uses: 'api',
  run: callApi({
    send: (client, { args: [id = ''], options: { status, limit } }) =>
      client.listRedriveItems(id, status, limit),
    format: (items) => formatItems(items, 0) || 'No render of this redrive matches.\n',
  }),
});

function readStatuses(text: string): RedriveItemStatus[] {
  const names = text.split(',').map((word) => word.trim());
  const isStatus = (name: string): name is RedriveItemStatus =>
    (REDRIVE_ITEM_STATUSES as readonly string[]).includes(name);
  if (names.every(isStatus)) return names;
  throw new InvalidArgumentError(`expected one or more of ${REDRIVE_ITEM_STATUSES.join(', ')}.`);
}

const watchCommand = defineCommand({
  path: 'redrives watch',
  summary: 'Follow a redrive until it ends or is paused.',
  args: [REDRIVE],
  examples: ['redrives watch rdv_5f1c…', 'redrives watch rdv_5f1c… --json status,done,failed'],
  fields: FIELDS,
  uses: 'api',
  page: ([id = '']) => `redrives/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host }) => {
    const { redrive: data, text, exitCode } = await followRedrive(await api(), id, host);
    return { data, text, exitCode };
  },
});

const createControlCommand = (action: 'pause' | 'resume' | 'cancel', summary: string): CommandSpec<never> =>
  defineCommand<{ reason?: string }>({
    path: `redrives ${action}`,
    summary,
    args: [REDRIVE],
    options: [new Option('--reason <text>', 'why, for people')],
    examples: [`redrives ${action} rdv_5f1c…`, `redrives ${action} rdv_5f1c… --reason 'too many fail' --yes`],
    fields: FIELDS,
    uses: 'api',
    asks: true,
    run: callApi({
      ask: ({ args: [id] }) => `${action[0]?.toUpperCase()}${action.slice(1)} the redrive ${id}?`,
      send: (client, { args: [id = ''], options: { reason } }) => client.controlRedrive(id, action, reason),
      format: formatRedrive,
    }),
  });

export const REDRIVE_COMMANDS: readonly CommandSpec<never>[] = [
  deadLettersRedriveCommand,
  rendersRedriveCommand,
  planCommand,
  createCommand,
  listCommand,
  getCommand,
  itemsCommand,
  watchCommand,
  createControlCommand('pause', 'Pause a redrive. Renders that it has started go on.'),
  createControlCommand('resume', 'Let a paused redrive go on.'),
  createControlCommand('cancel', 'Cancel a redrive. Renders that it has started go on.'),
];
