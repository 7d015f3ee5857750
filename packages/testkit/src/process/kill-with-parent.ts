import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

const setpriv = '/usr/bin/setpriv';
const running = new Set<ChildProcess>();
let watching = false;

/**
 * The command line of a child that the kernel kills when its parent ends. Without it, a SIGKILL of the test run would
 * leave servers behind. On machines without `setpriv`, only {@link killWithParent} applies.
 */
export function withParentDeathSignal(command: string, args: string[]): [string, string[]] {
  return existsSync(setpriv) ? [setpriv, ['--pdeathsig', 'KILL', command, ...args]] : [command, args];
}

/** Ends the child by its own pid when this process exits first. */
export function killWithParent(child: ChildProcess): void {
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const one of running) one.kill('SIGKILL');
    });
  }
  running.add(child);
  child.once('exit', () => running.delete(child));
}
