import { MODELS, RESOLUTIONS, SPEND_GROUPS, type SpendResponse, spendSchema } from '@darkroom/api';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { formatTable } from '../../output/index.ts';

interface Options {
  by: (typeof SPEND_GROUPS)[number];
  from?: string;
  to?: string;
  tenant?: string;
  run?: string;
  model?: string;
  resolution?: string;
}

export const spendCommand = defineCommand<Options>({
  path: 'spend',
  summary: 'Sum what the ended renders cost, by day, tenant, run, model or resolution.',
  details: 'Days are UTC. Without --from, the report is about the day of --to; without --to, about today.',
  options: [
    new Option('--by <what>', 'how to group').choices(SPEND_GROUPS).default('day'),
    new Option('--from <day>', 'the first day: 2026-11-22'),
    new Option('--to <day>', 'the last day'),
    new Option('--tenant <name>', 'only this tenant'),
    new Option('--run <name>', 'only this run'),
    new Option('--model <name>', 'only this model').choices(MODELS),
    new Option('--resolution <size>', 'only this resolution').choices(RESOLUTIONS),
  ],
  examples: ['spend', 'spend --by tenant --from 2026-11-01 --json', 'spend --by run --tenant shop'],
  fields: Object.keys(spendSchema.shape),
  uses: 'api',
  run: async ({ options: { by, from, to, tenant, run, model, resolution }, api }) => {
    const data = await (await api()).readSpend({ by, from, to, tenant, run, model, resolution });
    return { data, text: formatSpend(data) };
  },
});

function formatSpend(spend: SpendResponse): string {
  const { groups, more_groups: more, by, from, to, since } = spend;
  const row = (
    name: string,
    one: Pick<SpendResponse, 'renders' | 'spent' | 'refunded' | 'possibly_spent'>,
  ) => [name, String(one.renders), `$${one.spent}`, `$${one.refunded}`, `$${one.possibly_spent}`];
  const rows = groups.map((group) => row(group.key ?? '(no run)', group));
  const table = formatTable(
    [by.toUpperCase(), 'RENDERS', 'SPENT', 'REFUNDED', 'POSSIBLY SPENT'],
    rows.length === 0 ? [] : [...rows, ...(more > 0 ? [[`${more} more`]] : []), row('total', spend)],
    `No render that was bought from ${from} to ${to} has ended.`,
  );
  return since !== null && since > from ? `${table}The index begins on ${since}.\n` : table;
}
