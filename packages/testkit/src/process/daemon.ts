import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { killWithParent, withParentDeathSignal } from './kill-with-parent.ts';
import { Lines } from './lines.ts';

export interface Daemon {
  readonly pid: number;
  /** Why it ended, once it has. */
  gone(): string | undefined;
  waitForLine(pattern: RegExp, timeout?: number): Promise<string>;
  /** Ends it by its own pid. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a server that lives until `stop`, or as long as this process. */
export async function startDaemon(
  name: string,
  command: string,
  args: string[],
  options: { env?: Record<string, string>; cwd: string },
): Promise<Daemon> {
  const [program, list] = withParentDeathSignal(command, args);
  const env = { ...process.env, ...options.env };
  const child = spawn(program, list, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = new Lines();
  let why: string | undefined;
  child.once('error', (error) => (why = error.message));
  child.once('exit', (code, signal) => (why = `${name} ended with ${signal ?? code}`));
  const closed = once(child, 'close').then(() => lines.wake());
  killWithParent(child);
  lines.read(child.stdout, () => {});
  lines.read(child.stderr, () => {});
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    gone: () => why && `${why}: ${lines.all.slice(-3).join(' | ')}`,
    waitForLine: (pattern, timeout = 45_000) => lines.waitFor(pattern, { timeout, gone: () => why }),
    stop: async () => {
      if (why === undefined) child.kill('SIGKILL');
      await closed;
    },
  };
}
