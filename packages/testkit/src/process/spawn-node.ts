import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { cleanup } from '../cleanup.ts';
import { killWithParent, withParentDeathSignal } from './kill-with-parent.ts';
import { Lines } from './lines.ts';
import { appendToRun } from './output.ts';

export interface SpawnNodeOptions {
  /** The whole environment next to PATH, HOME and TMPDIR: nothing leaks in from the test run. */
  env?: Record<string, string | undefined>;
  args?: string[];
  cwd?: string;
  /** What its lines are marked with in the output of the run. @default the entry's folder and name */
  name?: string;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly pid: number;
  /** Lines of stdout and stderr so far, in the order they came. */
  readonly lines: string[];
  /** Resolves when it ended and its last line was read. */
  readonly exited: Promise<Exit>;
  /** The first line that matches, also one that came before. Fails at once when the process has ended. */
  waitForLine(pattern: RegExp | string, options?: { timeout?: number; from?: number }): Promise<string>;
  /** Sends the signal and waits for the end. @default 'SIGTERM' */
  kill(signal?: NodeJS.Signals, options?: { timeout?: number }): Promise<Exit>;
  /** Sends a signal and does not wait: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void;
}

/** Runs a `.ts` or `.js` file on the Node of this run. It is killed when its test, or else its file, is over. */
export function spawnNode(entry: string, options: SpawnNodeOptions = {}): NodeProcess {
  const name = options.name ?? `${basename(dirname(dirname(entry)))}/${basename(entry)}`;
  const [program, list] = withParentDeathSignal(process.execPath, [entry, ...(options.args ?? [])]);
  const { PATH, HOME, TMPDIR } = process.env;
  const env = { PATH, HOME, TMPDIR, ...options.env };
  const child = spawn(program, list, { env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  killWithParent(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${entry} did not start`);

  const lines = new Lines();
  const keep = (line: string) => appendToRun(`[${name} ${pid}]`, line);
  lines.read(child.stdout, keep);
  lines.read(child.stderr, keep);
  let ended: Exit | undefined;
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    ended = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    lines.wake();
    return ended;
  });

  const handle: NodeProcess = {
    pid,
    lines: lines.all,
    exited,
    waitForLine: (pattern, { timeout = 45_000, from = 0 } = {}) =>
      lines.waitFor(pattern, {
        timeout,
        from,
        gone: () => ended && `${name} ended with ${ended.signal ?? ended.code}`,
      }),
    kill: async (signal = 'SIGTERM', { timeout = 45_000 } = {}) => {
      if (!ended) child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), timeout);
      const exit = await exited;
      clearTimeout(late);
      if (exit.signal === 'SIGKILL' && signal !== 'SIGKILL')
        throw new Error(`${name} did not end within ${timeout} ms of ${signal}`);
      return exit;
    },
    signal: (signal) => void child.kill(signal),
  };
  cleanup(async () => {
    if (!ended) await handle.kill('SIGKILL');
  });
  return handle;
}
