import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { cleanup } from '../cleanup.ts';
import { killWithParent, withParentDeathSignal } from './kill-with-parent.ts';
import { Lines } from './lines.ts';
import { appendToRun } from './output.ts';

export interface SpawnNodeOptions {
  /** Besides PATH, HOME, TMPDIR and NODE_COMPILE_CACHE, the whole environment: it inherits nothing else. */
  env?: Record<string, string | undefined>;
  args?: string[];
  cwd?: string;
  /** Marks the lines of the process in the output of the run. @default the entry's folder and name */
  name?: string;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly pid: number;
  /** The lines of stdout and stderr so far, in the order of their arrival. */
  readonly lines: string[];
  /** Resolves when the process has ended and its last line was read. */
  readonly exited: Promise<Exit>;
  /**
   * Resolves with the first matching line, also if it was written before. Rejects at once when the process has
   * ended.
   */
  waitForLine(pattern: RegExp | string, options?: { timeout?: number; from?: number }): Promise<string>;
  /** Sends the signal and waits until the process has ended. @default 'SIGTERM' */
  kill(signal?: NodeJS.Signals, options?: { timeout?: number }): Promise<Exit>;
  /** Sends a signal without waiting: SIGSTOP, SIGCONT. */
  signal(signal: NodeJS.Signals): void;
}

/** Runs a `.ts` or `.js` file with the Node of this run. It is killed when the test (from a hook: the file) is over. */
export function spawnNode(entry: string, options: SpawnNodeOptions = {}): NodeProcess {
  const name = options.name ?? `${basename(dirname(dirname(entry)))}/${basename(entry)}`;
  const [program, list] = withParentDeathSignal(process.execPath, [entry, ...(options.args ?? [])]);
  const { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const env = { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE, ...options.env };
  const child = spawn(program, list, { env, cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  killWithParent(child);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${entry} did not start`);

  const lines = new Lines();
  const record = (line: string) => appendToRun(`[${name} ${pid}]`, line);
  lines.read(child.stdout, record);
  lines.read(child.stderr, record);
  let ended: Exit | undefined;
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    ended = { code: code as number | null, signal: signal as NodeJS.Signals | null };
    lines.checkAgain();
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
        exitReason: () => ended && `${name} ended with ${ended.signal ?? ended.code}`,
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
