import type { BigIntStats } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readErrorCode } from './errors.ts';
import { removeFile, runInFolderOf } from './files.ts';

/** The facts about an object that its file cannot contain. */
export interface Sidecar {
  contentType: string;
  metadata: Record<string, string>;
  size: number;
}

/** One state of an object: the inode and the last write of its file. File systems reuse inodes, so both are needed. */
export type FileState = Pick<BigIntStats, 'ino' | 'mtimeNs'>;

export const isSameState = (a: FileState, b: FileState) => a.ino === b.ino && a.mtimeNs === b.mtimeNs;

/**
 * Content type and metadata of the objects of a folder, in a tree beside them: `meta/<key>/<state>`.
 *
 * A sidecar is written before its object is published, under the state of the object's file. So a reader always finds the
 * sidecar of exactly the object that it opened: while other processes replace the object, and after a crash.
 */
export class Sidecars {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async write(key: string, state: FileState, sidecar: Sidecar): Promise<void> {
    const path = this.#path(key, state);
    await runInFolderOf(path, () => writeFile(path, JSON.stringify(sidecar), { flush: true }));
  }

  async read(key: string, state: FileState): Promise<Sidecar | undefined> {
    return readSidecar(this.#path(key, state));
  }

  /** Whether an object of this key has a sidecar, or had one before a crash. */
  async has(key: string): Promise<boolean> {
    return stat(join(this.#root, key)).then(
      (found) => found.isDirectory(),
      (error: unknown) => {
        if (['ENOENT', 'ENOTDIR'].includes(readErrorCode(error))) return false;
        throw error;
      },
    );
  }

  async remove(key: string, state: FileState): Promise<void> {
    await removeFile(this.#path(key, state), this.#root);
  }

  /** Finds the sidecar in a copy of the folder (a restored backup). Its inodes are different, so the size must match. */
  async readFromCopy(key: string, size: number): Promise<Sidecar | undefined> {
    const dir = join(this.#root, key);
    try {
      for (const name of await readdir(dir)) {
        const sidecar = /^\d+-\d+$/.test(name) ? await readSidecar(join(dir, name)) : undefined;
        if (sidecar?.size === size) return sidecar;
      }
    } catch (error) {
      if (readErrorCode(error) !== 'ENOENT') throw error;
    }
    return undefined;
  }

  #path(key: string, state: FileState): string {
    return join(this.#root, key, `${state.ino}-${state.mtimeNs}`);
  }
}

async function readSidecar(path: string): Promise<Sidecar | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Sidecar;
  } catch (error) {
    // Half written when the machine lost power: then the object was not published either.
    if (
      error instanceof SyntaxError ||
      readErrorCode(error) === 'ENOENT' ||
      readErrorCode(error) === 'EISDIR'
    )
      return undefined;
    throw error;
  }
}
