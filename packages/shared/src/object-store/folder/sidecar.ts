import type { BigIntStats } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readErrorCode } from './errors.ts';
import { removeFile, runInFolderOf } from './files.ts';

/** What a file cannot say of itself. */
export interface Sidecar {
  contentType: string;
  metadata: Record<string, string>;
  size: number;
}

/** One state of an object: the inode and the last write of its file. Inodes alone are given out again. */
export type FileState = Pick<BigIntStats, 'ino' | 'mtimeNs'>;

export const isSameState = (a: FileState, b: FileState) => a.ino === b.ino && a.mtimeNs === b.mtimeNs;

/**
 * Content type and metadata of the objects of a folder, in a tree beside them: `meta/<key>/<state>`.
 *
 * They are written before the object is put in place, under the state of its file: whoever opens the object
 * finds exactly what belongs to it, while others replace it, and after a crash between the two.
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

  async remove(key: string, state: FileState): Promise<void> {
    await removeFile(this.#path(key, state), this.#root);
  }

  /** In a copy of the folder (a restored backup) the inodes are others: then the size has to do. */
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
    // Half written when the machine lost power: then the object was not put in place either.
    if (
      error instanceof SyntaxError ||
      readErrorCode(error) === 'ENOENT' ||
      readErrorCode(error) === 'EISDIR'
    )
      return undefined;
    throw error;
  }
}
