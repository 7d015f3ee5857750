#!/usr/bin/env node
// The command line of Darkroom, for operators; `npx -y pnpm@12 -s darkroom` runs it.
//
// run-cli.ts      runs one command line: its errors and its exit code
// program.ts      commander's program, made from the list of commands
// help-topics.ts  help that belongs to no single command
// exit-codes.ts   the exit codes and their meanings
// cli-error.ts    errors for people, with remedies
// host.ts         the process and the terminal, as commands see them
//
// commands/  every command, by noun
// command/   what a command is, and how one runs
// doctor/    the checks of `doctor`
// api/       the API as the command line uses it
// profile/   URLs and keys of servers
// output/    tables, progress, colours
import { text } from 'node:stream/consumers';
import { confirm, isCancel } from '@clack/prompts';
import { systemClock } from '@darkroom/shared/runtime';
import open from 'open';
import { EXIT } from './exit-codes.ts';
import { runCli } from './run-cli.ts';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
    interrupted.abort(new Error(signal));
  });
}
// A reader such as `head` may close stdout early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  clock: systemClock,
  signal: interrupted.signal,
  out: (chunk) => void process.stdout.write(chunk),
  err: (chunk) => void process.stderr.write(chunk),
  isOutTerminal: process.stdout.isTTY === true,
  isErrTerminal: process.stderr.isTTY === true,
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  ask: async (question) => {
    const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
    return isCancel(answer) ? undefined : answer;
  },
  openPage: async (url) => {
    await open(url);
  },
  readInput: () => text(process.stdin),
});
