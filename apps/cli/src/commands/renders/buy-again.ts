import { copySchema } from '@darkroom/api';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';

interface Options {
  reason?: string;
  dryRun?: true;
  maxSpend?: string;
}

export const buyAgainCommand = defineCommand<Options>({
  path: 'renders buy-again',
  summary: 'Buy the image of a completed or canceled render a second time.',
  details:
    'It creates a copy: a new render with the same request. The first image, its cost and its records stay as they are. A ' +
    'render has one copy, so a repeated command buys nothing and shows this copy. To buy once more, buy the copy again. ' +
    'Nothing is bought at a higher price than the one in the question.',
  args: [{ name: '<id>', text: 'the id of a completed or canceled render: rnd_…' }],
  options: [
    new Option('--reason <text>', 'why; the audit log keeps it'),
    new Option('--max-spend <dollars>', 'buy nothing when the price is higher, or not known'),
    new Option('--dry-run', 'show the price, and buy nothing').conflicts(['reason', 'maxSpend']),
  ],
  examples: [
    "renders buy-again rnd_5f1c… --reason 'the handle is missing'",
    'renders buy-again rnd_5f1c… --dry-run',
    "renders buy-again rnd_5f1c… --reason 'wrong color' --max-spend 0.03 --yes --json id,duplicate",
  ],
  fields: Object.keys(copySchema.shape),
  uses: 'api',
  asks: true,
  run: async ({ args: [id = ''], options: { reason, dryRun, maxSpend }, api, confirm }) => {
    if (reason === undefined && !dryRun)
      throw new CliError(EXIT.usage, '--reason: expected why it is bought again, or --dry-run');
    const client = await api();
    const plan = await client.forecastCopy(id);
    const price = plan.price === null ? 'a price that is not known' : `$${plan.price}`;
    if (plan.duplicate)
      return {
        data: plan,
        text: `${id} was bought again before, as ${plan.id} (${plan.status}). Nothing is bought.\n`,
      };
    if (reason === undefined)
      return { data: plan, text: `A copy of ${id} costs ${price}. It would be the render ${plan.id}.\n` };
    await confirm(`Buy ${id} again for ${price}? This is a second charge for the same request.`);
    const data = await client.buyAgain(id, {
      accept_duplicate_charge: true,
      reason,
      ...((maxSpend ?? plan.price) === null ? {} : { max_spend: maxSpend ?? plan.price ?? '' }),
    });
    const text = data.duplicate
      ? `${id} was bought again at the same time, as ${data.id}. This command bought nothing.\n`
      : `${id} is bought again, as ${data.id}. Follow it with: darkroom renders watch ${data.id}\n`;
    return { data, text };
  },
});
