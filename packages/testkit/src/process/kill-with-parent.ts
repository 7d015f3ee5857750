import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

const setpriv = '/usr/bin/setpriv';
const alive = new Set<ChildProcess>();
let watching = false;

/**
 * The command line that has the kernel kill a child when its parent is gone, however that ended: not even a
 * SIGKILL of the test run leaves a server behind. Where `setpriv` is missing, {@link killWithParent} alone must do.
 */
export function withParentDeathSignal(command: string, args: string[]): [string, string[]] {
  return existsSync(setpriv) ? [setpriv, ['--pdeathsig', 'KILL', command, ...args]] : [command, args];
}

/** Ends the child, by its own pid, when this process exits before it. */
export function killWithParent(child: ChildProcess): void {
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const running of alive) running.kill('SIGKILL');
    });
  }
  alive.add(child);
  child.once('exit', () => alive.delete(child));
}
