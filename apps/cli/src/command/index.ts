// command.ts       what a command is
// json-output.ts   --json: selects fields
// options.ts       parsers of options
// run-command.ts   runs one command: its connection, its questions, its output
export {
  type Argument,
  type CommandSpec,
  defineCommand,
  type Result,
} from './command.ts';
export { readCount } from './options.ts';
export { runCommand } from './run-command.ts';
