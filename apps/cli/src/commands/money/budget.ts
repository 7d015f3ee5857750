import { BUDGET_PERIODS, type BudgetResponse, budgetSchema } from '@darkroom/api';
import { Option } from 'commander';
import { callApi, defineCommand } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(budgetSchema.shape);
const NAME = { name: '<name>', text: 'the name of the budget' };

const formatBudgets = (budgets: readonly BudgetResponse[], now: number) =>
  formatTable(
    ['NAME', 'LIMIT', 'PER', 'USED', 'TENANT', 'RUN', 'RENEWS', 'BY', 'REASON'],
    budgets.map(({ name, limit, per, used, tenant, run, renews_at: renewsAt, actor, reason }) => [
      name,
      `$${limit}`,
      per,
      used === null ? 'being counted' : `$${used}`,
      tenant ?? '',
      run ?? '',
      renewsAt === null ? 'never' : formatTime(renewsAt, now),
      actor,
      showSafely(reason ?? ''),
    ]),
    'There is no budget.',
  );

const formatBudget = (budget: BudgetResponse, now: number) => formatBudgets([budget], now);

const listCommand = defineCommand({
  path: 'budget list',
  summary: 'List the budgets, and what of them is used.',
  examples: ['budget list', 'budget list --json name,limit,used'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({ send: (client) => client.listBudgets(), format: formatBudgets }),
});

const getCommand = defineCommand({
  path: 'budget get',
  summary: 'Show one budget.',
  args: [NAME],
  examples: ['budget get all-days', 'budget get all-days --json used'],
  fields: FIELDS,
  uses: 'api',
  run: callApi({ send: (client, { args: [name = ''] }) => client.getBudget(name), format: formatBudget }),
});

interface SetOptions {
  limit: string;
  per?: (typeof BUDGET_PERIODS)[number];
  tenant?: string;
  run?: string;
  reason?: string;
}

const setCommand = defineCommand<SetOptions>({
  path: 'budget set',
  summary: 'Set a hard limit for what renders may cost. Over it, renders wait.',
  details:
    'A day is a UTC day. A budget counts all renders, or those of a tenant, of a run, or of both. To change the scope of a budget, unset it first.',
  args: [NAME],
  options: [
    new Option('--limit <dollars>', 'the limit, such as 12.50').makeOptionMandatory(),
    new Option('--per <period>', 'whether it renews every day').choices(BUDGET_PERIODS),
    new Option('--tenant <name>', 'only renders of this tenant'),
    new Option('--run <name>', 'only renders of this run'),
    new Option('--reason <text>', 'why'),
  ],
  examples: [
    'budget set all-days --limit 250',
    "budget set night --limit 40 --per total --run night-2026-11-26 --reason 'approved by the owner'",
    'budget set shop --limit 80 --tenant shop --yes --json name,limit',
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: callApi({
    ask: ({ args: [name], options: { limit } }) => `Set budget ${name} to $${limit}?`,
    send: (client, { args: [name = ''], options: { limit, per, tenant, run, reason } }) =>
      client.setBudget(name, { limit, per, tenant, run, reason }),
    format: formatBudget,
  }),
});

const unsetCommand = defineCommand({
  path: 'budget unset',
  summary: 'Remove a budget. Renders that waited for it go on.',
  args: [NAME],
  examples: ['budget unset night', 'budget unset night --yes --json name'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: callApi({
    ask: ({ args: [name] }) => `Remove budget ${name}? Renders that wait for it are bought.`,
    send: (client, { args: [name = ''] }) => client.unsetBudget(name),
    format: formatBudget,
  }),
});

export const BUDGET_COMMANDS = [listCommand, getCommand, setCommand, unsetCommand];
