import type { Option } from 'commander';
import type { Api } from '../api/index.ts';
import { CliError } from '../cli-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Host } from '../host.ts';
import type { Style } from '../output/index.ts';

export interface Argument {
  /** `<id>`, `[id]` or `<ids...>`, as commander takes it. */
  name: string;
  text: string;
  choices?: readonly string[];
}

/** What a command gives back. */
export interface Result {
  /** For `--json`: an object, or a list of objects. */
  data: object;
  /** For people. */
  text: string;
  /** @default 0 */
  exitCode?: ExitCode;
}

/** One run of a command. */
export interface Call<Options> {
  /** In their order; the values of a variadic argument follow each other. */
  args: string[];
  options: Options;
  host: Host;
  style: Style;
  /** Whether the result is written as JSON. Then a command asks nothing. */
  isJson: boolean;
  /** Opened with the first use. */
  api(): Promise<Api>;
  /** Asks, unless `--yes`. @throws CliError when the answer is no, or there is no terminal. */
  confirm(question: string): Promise<void>;
}

/** One command of the command line. Help, completion, docs and their tests are made from it. */
export interface CommandSpec<Options = object> {
  /** Noun and verb: `renders list`. */
  path: string;
  summary: string;
  /** More lines for its help. */
  details?: string;
  args?: readonly Argument[];
  options?: readonly Option[];
  /** Without `darkroom` at their beginning. */
  examples: readonly string[];
  /** The fields that `--json` can select. */
  fields: readonly string[];
  /** `api`: talks to a producer. `direct`: needs the queue and the store themselves. `local`: needs neither. */
  uses: 'api' | 'direct' | 'local';
  /** Whether it asks before it acts. Adds `--yes`. */
  asks?: true;
  /** The page with the same content, as a path of the server. Adds `--web`. */
  page?(args: string[]): string;
  run(call: Call<Options>): Promise<Result>;
}

/** Checks the types of a command's options. The list of all commands has none. */
export const defineCommand = <Options = object>(spec: CommandSpec<Options>): CommandSpec<never> => spec;

/** @throws CliError @see Call.confirm */
export async function confirm(
  question: string,
  { host, yes, isJson }: { host: Host; yes: boolean; isJson: boolean },
): Promise<void> {
  if (yes) return;
  if (isJson || !host.canAsk) {
    const reason = isJson ? '--json asks nothing' : 'there is no terminal for an answer';
    throw new CliError(
      EXIT.usage,
      `--yes: expected this flag, because ${reason}.`,
      `The question: ${question}`,
    );
  }
  if ((await host.ask(question)) !== true) throw new CliError(EXIT.canceled, 'Nothing was changed.');
}
