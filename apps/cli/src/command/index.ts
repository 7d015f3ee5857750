// command.ts       what a command is
// json-output.ts   --json: selects fields
// run-command.ts   runs one command: its connection, its questions, its output
export {
  type Argument,
  type CommandSpec,
  defineCommand,
} from './command.ts';
export { runCommand } from './run-command.ts';
