import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListPage } from '../object-store.ts';
import { readErrorCode } from './errors.ts';

/** A page of the objects below a folder, in the order of their keys. Only folders that can matter are read. */
export async function listFolder(
  root: string,
  wanted: { prefix: string; after: string; limit: number; signal?: AbortSignal | undefined },
): Promise<ListPage> {
  const objects: ListPage['objects'] = [];
  for await (const key of walkKeys(root, '', wanted)) {
    wanted.signal?.throwIfAborted();
    const last = objects.at(-1);
    if (last && objects.length === wanted.limit) return { objects, cursor: last.key };
    try {
      const { size, mtimeMs } = await stat(join(root, key));
      objects.push({ key, size, modifiedAt: Math.trunc(mtimeMs) });
    } catch (error) {
      if (readErrorCode(error) !== 'ENOENT') throw error; // Deleted since its folder was read.
    }
  }
  return { objects };
}

async function* walkKeys(
  root: string,
  dir: string,
  wanted: { prefix: string; after: string },
): AsyncGenerator<string> {
  for (const name of await readNames(join(root, dir))) {
    const path = dir + name;
    const { prefix, after } = wanted;
    if (name.endsWith('/')) {
      const mayMatch = path.startsWith(prefix) || prefix.startsWith(path);
      // All keys below begin with the path: they are behind the cursor unless it is inside or after.
      const mayFollow = path > after || after.startsWith(path);
      if (mayMatch && mayFollow) yield* walkKeys(root, path, wanted);
    } else if (path.startsWith(prefix) && path > after) yield path;
  }
}

/** Folders carry their slash into the comparison: `a-1` comes before `a/1`, as it does in S3. */
async function readNames(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  } catch (error) {
    if (readErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
