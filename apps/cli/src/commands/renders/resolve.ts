import type { StatementRequest } from '@darkroom/api';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { RENDER_FIELDS, showStatus } from './render-view.ts';

interface Options {
  task?: string;
  note?: string;
}

/** What an operator can state, as the command line spells it. */
const OUTCOMES = { bought: 'bought', 'not-bought': 'not_bought', 'buy-again': 'buy_again' } as const;
type Outcome = keyof typeof OUTCOMES;

const QUESTIONS: Record<Outcome, string> = {
  bought: 'The render then continues with this task, and buys nothing.',
  'not-bought': 'The render is then bought. If the first purchase was made after all, it is paid twice.',
  'buy-again': 'The render is then bought a second time, and both purchases may be charged.',
};

export const resolveCommand = defineCommand<Options>({
  path: 'renders resolve',
  summary: 'State what became of a purchase whose outcome is unknown.',
  details:
    'The statement is kept in the ledger. The render goes on at once, also if it has failed: with the task, or with a purchase.',
  args: [
    { name: '<id>', text: 'the id of a render: rnd_…' },
    { name: '<outcome>', text: 'what became of the purchase', choices: Object.keys(OUTCOMES) },
  ],
  options: [
    new Option('--task <id>', "the provider's task (with bought)"),
    new Option('--note <text>', 'why, for people; the ledger keeps it'),
  ],
  examples: [
    'renders resolve rnd_5f1c… bought --task task_img_abc123',
    "renders resolve rnd_5f1c… not-bought --note 'not in the account' --yes",
    'renders resolve rnd_5f1c… buy-again',
  ],
  fields: RENDER_FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [id = '', outcome], options: { task, note }, api, style, confirm }) => {
    const stated = outcome as Outcome;
    if ((stated === 'bought') !== (task !== undefined)) {
      const expected =
        stated === 'bought' ? "the id of the provider's task" : 'no value, unless the outcome is bought';
      throw new CliError(EXIT.usage, `--task: expected ${expected}, received ${task ?? 'nothing'}`);
    }
    const client = await api();
    await confirm(`State "${stated}" about the purchase of ${id}? ${QUESTIONS[stated]}`);
    const statement: StatementRequest = {
      purchase: OUTCOMES[stated],
      ...(task === undefined ? {} : { task_id: task }),
      ...(note === undefined ? {} : { note }),
    };
    const render = await client.stateOutcome(id, statement);
    const next = `Follow it with: darkroom renders watch ${id}`;
    return {
      data: render,
      text: `${id}  ${showStatus(render, style)}\nThe ledger has the statement, and the render goes on. ${next}\n`,
    };
  },
});
