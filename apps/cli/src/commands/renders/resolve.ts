import type { RenderResponse, StatementRequest } from '@darkroom/api';
import { DarkroomError } from '@darkroom/client';
import { Option } from 'commander';
import { CliError, toCliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatCount } from '../../output/index.ts';
import { RENDER_FIELDS, showStatus } from './render-view.ts';

interface Options {
  task?: string;
  note?: string;
  stdin?: true;
}

/** What an operator can state, as the command line spells it. */
const OUTCOMES = { bought: 'bought', 'not-bought': 'not_bought', 'buy-again': 'buy_again' } as const;
type Outcome = keyof typeof OUTCOMES;

interface Statement {
  id: string;
  outcome: Outcome;
  /** The provider's task of a purchase that was made. */
  task: string | undefined;
}

const QUESTIONS: Record<Outcome, string> = {
  bought: 'The render then continues with this task, and buys nothing.',
  'not-bought': 'The render is then bought. If the first purchase was made after all, it is paid twice.',
  'buy-again': 'The render is then bought a second time, and both purchases may be charged.',
};

export const resolveCommand = defineCommand<Options>({
  path: 'renders resolve',
  summary: 'State what became of purchases whose outcome is unknown.',
  details:
    'The statement is kept in the ledger. The render goes on at once, also if it has failed: with the task, or with a purchase. ' +
    'With --stdin, each line is one statement: an id, an outcome, and with bought the id of the task.',
  args: [
    { name: '[id]', text: 'the id of a render: rnd_…' },
    { name: '[outcome]', text: 'what became of the purchase', choices: Object.keys(OUTCOMES) },
  ],
  options: [
    new Option('--task <id>', "the provider's task (with bought)"),
    new Option('--note <text>', 'why, for people; the ledger keeps it'),
    new Option('--stdin', 'read many statements, one per line: rnd_… bought task_…'),
  ],
  examples: [
    'renders resolve rnd_5f1c… bought --task task_img_abc123',
    "renders resolve rnd_5f1c… not-bought --note 'not in the account' --yes",
    'renders resolve rnd_5f1c… buy-again',
    'renders resolve --stdin --yes < statements.txt',
  ],
  fields: RENDER_FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [id, outcome], options: { task, note, stdin }, api, host, style, confirm }) => {
    if ((id !== undefined) === (stdin === true))
      throw new CliError(EXIT.usage, 'Expected an id and an outcome, or --stdin.');
    const statements =
      id === undefined ? readStatements(await host.readInput()) : [checkStatement({ id, outcome, task })];
    const client = await api();
    const [first] = statements;
    await confirm(
      id !== undefined && first
        ? `State "${first.outcome}" about the purchase of ${id}? ${QUESTIONS[first.outcome]}`
        : describeStatements(statements),
    );
    const renders: RenderResponse[] = [];
    const errors: CliError[] = [];
    for (const statement of statements) {
      try {
        renders.push(await client.stateOutcome(statement.id, createRequest(statement, note)));
      } catch (error) {
        // A purchase that is known already must not keep the others from their statements.
        if (id !== undefined || !(error instanceof DarkroomError) || error.status === undefined) throw error;
        errors.push(toCliError(error));
        host.err(`${statement.id}  ${error.message}\n`);
      }
    }
    const [error] = errors;
    if (error && renders.length === 0) throw new CliError(error.exitCode, 'No statement was taken.');
    const lines = renders.map((render) => `${render.id}  ${showStatus(render, style)}\n`).join('');
    const text =
      id === undefined
        ? `The ledger has ${formatCount(renders.length, 'statement')}, and the renders go on.`
        : `The ledger has the statement, and the render goes on. Follow it with: darkroom renders watch ${id}`;
    return {
      data: id === undefined ? renders : (renders[0] ?? {}),
      text: `${lines}${text}\n`,
      exitCode: error ? EXIT.partial : EXIT.ok,
    };
  },
});

function checkStatement({
  id,
  outcome,
  task,
}: {
  id: string;
  outcome: string | undefined;
  task: string | undefined;
}): Statement {
  if (outcome === undefined || !(outcome in OUTCOMES))
    throw new CliError(
      EXIT.usage,
      `${id}: expected ${Object.keys(OUTCOMES).join(', ')}, received ${outcome ?? 'nothing'}`,
    );
  if ((outcome === 'bought') !== (task !== undefined)) {
    const expected =
      outcome === 'bought' ? "the id of the provider's task" : 'no task, unless the outcome is bought';
    throw new CliError(EXIT.usage, `--task: expected ${expected}, received ${task ?? 'nothing'}`);
  }
  return { id, outcome: outcome as Outcome, task };
}

/** All lines are checked before the first statement is made. */
function readStatements(text: string): Statement[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new CliError(EXIT.usage, '--stdin: expected one statement per line');
  return lines.map((line) => {
    const [id = '', outcome, task, ...rest] = line.trim().split(/\s+/);
    if (rest.length > 0) throw new CliError(EXIT.usage, `${id}: expected at most three words in a line`);
    return checkStatement({ id, outcome, task });
  });
}

function describeStatements(statements: readonly Statement[]): string {
  const counts = Object.keys(OUTCOMES).flatMap((outcome) => {
    const count = statements.filter((one) => one.outcome === outcome).length;
    return count > 0 ? [`${count} ${outcome}`] : [];
  });
  return `Make ${formatCount(statements.length, 'statement')} (${counts.join(', ')})? All but bought are then bought.`;
}

const createRequest = ({ outcome, task }: Statement, note: string | undefined): StatementRequest => ({
  purchase: OUTCOMES[outcome],
  ...(task === undefined ? {} : { task_id: task }),
  ...(note === undefined ? {} : { note }),
});
