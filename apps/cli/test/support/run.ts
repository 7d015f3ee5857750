import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { appendToRun } from '@darkroom/testkit';
import type { Host } from '../../src/host.ts';
import { runCli } from '../../src/run-cli.ts';

export interface CliRun {
  code: number;
  out: string;
  err: string;
  /** URLs that a browser would have opened. */
  opened: string[];
}

export interface CliOptions {
  env?: Record<string, string | undefined>;
  clock?: Clock;
  /** Answers questions, as a person at a terminal. Absent: there is no terminal. */
  answer?: boolean;
  input?: string;
  signal?: AbortSignal;
}

/** Runs a command line in this process. */
export async function darkroom(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const run: CliRun = { code: -1, out: '', err: '', opened: [] };
  const isTerminal = options.answer !== undefined;
  const host: Host = {
    // No file of the person who runs the tests is read.
    env: { XDG_CONFIG_HOME: '/nonexistent', ...options.env },
    clock: options.clock ?? systemClock,
    signal: options.signal ?? new AbortController().signal,
    out: (text) => {
      run.out += text;
    },
    err: (text) => {
      run.err += text;
    },
    isOutTerminal: isTerminal,
    isErrTerminal: isTerminal,
    canAsk: isTerminal,
    ask: async () => options.answer,
    openPage: async (url) => void run.opened.push(url),
    readInput: async () => options.input ?? '',
  };
  run.code = await runCli(args, host);
  // The test run searches its output for secrets at the end.
  appendToRun(`[cli ${args.join(' ')}]`, `${run.out}\n${run.err}`);
  return run;
}
