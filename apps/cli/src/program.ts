import tab from '@bomb.sh/tab/commander';
import { Command, Argument as CommanderArgument, Option } from 'commander';
import { type Argument, type CommandSpec, runCommand } from './command/index.ts';
import { COMMANDS, NOUNS } from './commands/index.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { formatTopic, TOPICS, type Topic } from './help-topics.ts';
import type { Host } from './host.ts';

/** How a person with Node and npm alone calls it. */
const CALL = 'npx -y pnpm@12 -s darkroom';

/** Builds the command line. @param onEnd gets the exit code of the command that ran */
export function createProgram(host: Host, onEnd: (code: ExitCode) => void): Command {
  const program = new Command('darkroom')
    .description(`The command line of Darkroom, for operators. Without an installation: ${CALL} <command>`)
    .showHelpAfterError('Try --help.')
    .exitOverride()
    .configureOutput({ writeOut: host.out, writeErr: host.err })
    .helpCommand(false)
    .addHelpText(
      'after',
      `\nTopics:\n${listTopics()}\n\nExamples:\n  darkroom renders list --status failed\n  darkroom doctor`,
    );
  for (const spec of COMMANDS) addCommand(program, spec, host, onEnd);
  addHelp(program, host, onEnd);
  tab(program, { completionCommandName: 'completion' });
  return program;
}

function addCommand(
  program: Command,
  spec: CommandSpec<never>,
  host: Host,
  onEnd: (code: ExitCode) => void,
): void {
  const words = spec.path.split(' ');
  // `pause` is a command, and the noun of `pause list`.
  const command = words
    .reduce((parent, word, at) => findNoun(parent, word, words.slice(0, at + 1).join(' ')), program)
    .description(spec.summary);
  for (const argument of spec.args ?? []) command.addArgument(toCommanderArgument(argument));
  for (const option of spec.options ?? []) command.addOption(option);
  // Completion shows the description, so it has one line. The details are in the help alone.
  command.addOption(new Option('--json [fields]', 'write these fields as JSON; without fields, list them'));
  if (spec.asks) command.option('-y, --yes', 'do not ask');
  if (spec.page) command.option('--web', 'open the page in a browser instead');
  if (spec.uses === 'api') command.option('--profile <name>', 'use this profile instead of DARKROOM_URL');
  command.addHelpText('after', formatMore(spec));
  command.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, (spec.args ?? []).length)
      .flat()
      .filter((value) => value !== undefined);
    onEnd(await runCommand(spec, args as string[], command.opts(), host));
  });
}

function findNoun(parent: Command, word: string, path: string): Command {
  const found = parent.commands.find((command) => command.name() === word);
  return (
    found ??
    parent
      .command(word)
      .description(NOUNS[path] ?? '')
      .helpCommand(false)
  );
}

function toCommanderArgument({ name, text, choices }: Argument): CommanderArgument {
  const argument = new CommanderArgument(name, text);
  return choices ? argument.choices([...choices]) : argument;
}

function formatMore({ details, examples }: CommandSpec<never>): string {
  const lines = examples.map((example) => `  darkroom ${example}`);
  return ['', ...(details ? [details, ''] : []), 'Examples:', ...lines].join('\n');
}

const listTopics = () =>
  Object.entries(TOPICS)
    .map(([name, { title }]) => `  darkroom help ${name.padEnd(12)} ${title}`)
    .join('\n');

/** `help`, `help exit-codes`, `help renders list`. */
function addHelp(program: Command, host: Host, onEnd: (code: ExitCode) => void): void {
  program
    .command('help')
    .summary('Show the help of a command, or a topic.')
    .description(`Show the help of a command, or a topic: ${Object.keys(TOPICS).join(', ')}.`)
    .argument('[command...]', 'a command, or a topic')
    .action((words: string[]) => {
      const [topic] = words;
      if (words.length === 1 && topic !== undefined && Object.hasOwn(TOPICS, topic)) {
        host.out(formatTopic(topic as Topic));
        return onEnd(EXIT.ok);
      }
      let found = program;
      for (const word of words) {
        const next = found.commands.find((command) => command.name() === word);
        // commander suggests similar names.
        if (!next) return void found.parse([word], { from: 'user' });
        found = next;
      }
      found.outputHelp();
      onEnd(EXIT.ok);
    });
}
