import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { killWithParent, withParentDeathSignal } from './kill-with-parent.ts';
import { Lines } from './lines.ts';

export interface Daemon {
  readonly pid: number;
  /** Why the server ended. Undefined while it runs. */
  exitReason(): string | undefined;
  waitForLine(pattern: RegExp, timeout?: number): Promise<string>;
  /** Ends the server by its own pid. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a server that runs until `stop`, or until this process ends. */
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
  let reason: string | undefined;
  child.once('error', (error) => (reason = error.message));
  child.once('exit', (code, signal) => (reason = `${name} ended with ${signal ?? code}`));
  const closed = once(child, 'close').then(() => lines.checkAgain());
  killWithParent(child);
  lines.read(child.stdout, () => {});
  lines.read(child.stderr, () => {});
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    exitReason: () => reason && `${reason}: ${lines.all.slice(-3).join(' | ')}`,
    waitForLine: (pattern, timeout = 45_000) => lines.waitFor(pattern, { timeout, exitReason: () => reason }),
    stop: async () => {
      if (reason === undefined) child.kill('SIGKILL');
      await closed;
    },
  };
}
