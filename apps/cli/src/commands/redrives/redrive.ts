import { redriveSchema } from '@darkroom/api';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { type Argument, type CommandSpec, defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import {
  type FilterOptions,
  readSelection,
  SELECTION_ARGUMENT,
  selectionOptions,
} from '../dead-letters/index.ts';
import { type ExecutionOptions, executionOptions, toExecution } from './execution.ts';
import { followRedrive } from './follow-redrive.ts';
import { formatPlan, formatRedrive } from './redrive-view.ts';

type Options = FilterOptions & ExecutionOptions & { all?: true; watch: boolean };

const DETAILS =
  'It makes a plan, shows it, asks, executes exactly this plan, and follows it. Renders that fail later are not in it. The ' +
  'exit code says how it ended: 5 if a render failed again, 6 if --max-jobs or --max-spend stopped it.';

/** Plan, show, confirm, run, follow. */
const createRedriveCommand = (spec: {
  path: string;
  args: readonly Argument[];
  options: readonly Option[];
  examples: readonly string[];
}): CommandSpec<never> =>
  defineCommand<Options>({
    ...spec,
    summary: 'Run failed renders again from the step that failed.',
    details: DETAILS,
    options: [
      ...spec.options,
      ...executionOptions(),
      new Option('--no-watch', 'do not wait for the end of the redrive'),
    ],
    fields: Object.keys(redriveSchema.shape),
    uses: 'api',
    asks: true,
    run: async ({ args: ids, options, api, host, confirm }) => {
      const selection = readSelection(ids, options, host.clock.now());
      const client = await api();
      const plan = await client.planRedrive(selection);
      host.err(formatPlan(plan, host.clock.now()));
      if (plan.total === 0)
        throw new CliError(EXIT.notFound, 'No dead letter matches: there is nothing to redrive.');
      await confirm(`Execute this plan of ${plan.total} renders?`);
      const redrive = await client.executePlan(toExecution(plan.id, options));
      host.err(`Redrive ${redrive.id} has begun. It goes on if you stop watching.\n`);
      if (!options.watch) return { data: redrive, text: formatRedrive(redrive, host.clock.now()) };
      const { redrive: data, text, exitCode } = await followRedrive(client, redrive.id, host);
      return { data, text, exitCode };
    },
  });

export const deadLettersRedriveCommand = createRedriveCommand({
  path: 'dead-letters redrive',
  args: [SELECTION_ARGUMENT],
  options: selectionOptions(),
  examples: [
    'dead-letters redrive rnd_5f1c…',
    'dead-letters redrive --code upstream_unreachable --rate 20 --max-spend 5.00',
    "dead-letters redrive --group 3f0a9c21b4de --reason 'the store is back' --yes --json status,done,failed",
  ],
});

export const rendersRedriveCommand = createRedriveCommand({
  path: 'renders redrive',
  args: [{ name: '<ids...>', text: 'ids of failed renders: rnd_…' }],
  options: [],
  examples: ['renders redrive rnd_5f1c…', 'renders redrive rnd_5f1c… rnd_9b2e… --yes'],
});
