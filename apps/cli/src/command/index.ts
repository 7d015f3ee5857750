// command.ts       what a command is
// call-api.ts      a command that calls the API once
// json-output.ts   --json: selects fields
// options.ts       parsers of options
// run-command.ts   runs one command: its connection, its questions, its output
export { callApi } from './call-api.ts';
export {
  type Argument,
  type CommandSpec,
  defineCommand,
  type Result,
} from './command.ts';
export { readCount } from './options.ts';
export { runCommand } from './run-command.ts';
