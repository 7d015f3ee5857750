import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../runtime/index.ts';
import { EngineError } from '../engine.ts';

/**
 * Locks a folder for this process, until `release` or the end of the process, also by SIGKILL.
 *
 * The lock belongs to the operating system; SQLite takes it with an exclusive transaction. It needs no clean-up after
 * a SIGKILL, and no check whether its process still runs. It also holds between containers that share the volume, where
 * process ids have no meaning. The text file beside it only names the owner.
 *
 * @throws EngineError `locked`
 */
export function lockFolder(folder: string, clock: Pick<Clock, 'now'>): { release(): void } {
  mkdirSync(folder, { recursive: true });
  const ownerFile = join(folder, 'owner.json');
  const lock = new DatabaseSync(join(folder, 'owner.lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new EngineError(
      'locked',
      `${folder} is in use by ${describeOwner(ownerFile)}. Only one process at a time can use the embedded engine. ` +
        'Stop that process, choose another DATA_DIR, or set QUEUE_URL to a Redis that both can use.',
      { cause: error },
    );
  }
  writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, since: new Date(clock.now()).toISOString() }));
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(ownerFile, { force: true });
      lock.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY. The driver's `code` is the same for all SQLite errors.
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}

function describeOwner(ownerFile: string): string {
  try {
    const { pid, since } = JSON.parse(readFileSync(ownerFile, 'utf8')) as { pid: number; since: string };
    return `process ${pid} (since ${since})`;
  } catch {
    return 'another process';
  }
}
