// index.ts             dead-letters list, get, summary, discard
// selection.ts         ids and filters
// dead-letter-view.ts  dead letters as text
import {
  DEAD_LETTER_GROUPS,
  type DeadLetterGroupKind,
  deadLetterDetailSchema,
  deadLetterSchema,
  deadLetterSummarySchema,
  discardSchema,
} from '@darkroom/api';
import { Option } from 'commander';
import { defineCommand, readCount } from '../../command/index.ts';
import { formatCount } from '../../output/index.ts';
import { formatDeadLetter, formatDeadLetters, formatSummary } from './dead-letter-view.ts';
import {
  type FilterOptions,
  filterOptions,
  readSelection,
  SELECTION_ARGUMENT,
  selectionOptions,
  toFilter,
} from './selection.ts';

export { formatPrice } from './dead-letter-view.ts';
export { type FilterOptions, readSelection, SELECTION_ARGUMENT, selectionOptions } from './selection.ts';

const listCommand = defineCommand<FilterOptions & { limit: number }>({
  path: 'dead-letters list',
  summary: 'List dead letters, the latest failure first, with what a redrive does.',
  options: [
    ...filterOptions(),
    new Option('--limit <n>', 'at most this many').argParser(readCount).default(20),
  ],
  examples: [
    'dead-letters list',
    'dead-letters list --code task_timeout,task_lost --since 2h',
    'dead-letters list --group 3f0a9c21b4de --json id,message,redrive',
  ],
  fields: Object.keys(deadLetterSchema.shape),
  uses: 'api',
  page: () => 'dead-letters/list',
  run: async ({ options, api, host }) => {
    const now = host.clock.now();
    const data = await (await api()).listDeadLetters(toFilter(options, now), options.limit);
    return { data, text: formatDeadLetters(data, now) };
  },
});

const getCommand = defineCommand({
  path: 'dead-letters get',
  summary: 'Show one dead letter: causes, earlier failures, and what a redrive does.',
  args: [{ name: '<id>', text: 'the id of a failed render: rnd_…' }],
  examples: ['dead-letters get rnd_5f1c…', 'dead-letters get rnd_5f1c… --json causes,earlier_failures'],
  fields: Object.keys(deadLetterDetailSchema.shape),
  uses: 'api',
  page: ([id = '']) => `dead-letters/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host }) => {
    const data = await (await api()).getDeadLetter(id);
    return { data, text: formatDeadLetter(data, host.clock.now()) };
  },
});

const summaryCommand = defineCommand<FilterOptions & { by: DeadLetterGroupKind }>({
  path: 'dead-letters summary',
  summary: 'Group dead letters: how many, why, what they cost, and the price of a redrive.',
  options: [
    ...filterOptions(),
    new Option('--by <kind>', 'what they are grouped by').choices(DEAD_LETTER_GROUPS).default('reason'),
  ],
  examples: [
    'dead-letters summary',
    'dead-letters summary --by run --since 1d',
    'dead-letters summary --json count,groups',
  ],
  fields: Object.keys(deadLetterSummarySchema.shape),
  uses: 'api',
  page: () => 'dead-letters',
  run: async ({ options, api, host }) => {
    const now = host.clock.now();
    const data = await (await api()).summarizeDeadLetters(toFilter(options, now), options.by);
    return { data, text: formatSummary(data, now) };
  },
});

const discardCommand = defineCommand<FilterOptions & { all?: true; note: string }>({
  path: 'dead-letters discard',
  summary: 'Remove dead letters, with a note. Their renders stay failed.',
  args: [SELECTION_ARGUMENT],
  options: [
    ...selectionOptions(),
    new Option('--note <text>', 'why, for people; the ledger keeps it').makeOptionMandatory(),
  ],
  examples: [
    "dead-letters discard rnd_5f1c… --note 'the product is sold out'",
    "dead-letters discard --run night-12 --note 'test run' --yes",
  ],
  fields: Object.keys(discardSchema.shape),
  uses: 'api',
  asks: true,
  run: async ({ args: ids, options, api, host, confirm }) => {
    const selection = readSelection(ids, options, host.clock.now());
    const client = await api();
    const count = selection.filter
      ? (await client.summarizeDeadLetters(selection.filter, 'reason')).count
      : ids.length;
    await confirm(`Discard ${formatCount(count, 'dead letter')}?`);
    const request = { ...selection, note: options.note };
    const skipped = new Set<string>();
    let discarded = 0;
    for (;;) {
      const answer = await client.discardDeadLetters(request);
      discarded += answer.discarded;
      for (const id of answer.skipped) skipped.add(id);
      // Without progress, the same request would be sent without end.
      if (answer.remaining === 0 || answer.discarded === 0) {
        const data = { ...answer, discarded, skipped: [...skipped] };
        const more = skipped.size > 0 ? ` ${skipped.size} were skipped: ${data.skipped.join(', ')}` : '';
        return { data, text: `${formatCount(discarded, 'dead letter')} discarded.${more}\n` };
      }
      host.err(`${discarded} discarded, ${answer.remaining} left\n`);
    }
  },
});

export const DEAD_LETTER_COMMANDS = [listCommand, getCommand, summaryCommand, discardCommand];
