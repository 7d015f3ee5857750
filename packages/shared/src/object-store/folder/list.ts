import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListPage } from '../object-store.ts';
import { readErrorCode } from './errors.ts';

/** Lists a page of the objects below a folder, in the order of their keys. Reads only folders that can match. */
export async function listFolder(
  root: string,
  wanted: { prefix: string; after: string; limit: number; signal?: AbortSignal | undefined },
): Promise<ListPage> {
  const objects: ListPage['objects'] = [];
  // From the folder of the prefix: the folders above it may have a hundred thousand entries.
  const start = wanted.prefix.slice(0, wanted.prefix.lastIndexOf('/') + 1);
  for await (const key of walkKeys(root, start, wanted)) {
    wanted.signal?.throwIfAborted();
    const last = objects.at(-1);
    if (last && objects.length === wanted.limit) return { objects, cursor: last.key };
    try {
      const { size, mtimeMs } = await stat(join(root, key));
      objects.push({ key, size, modifiedAt: Math.trunc(mtimeMs) });
    } catch (error) {
      if (readErrorCode(error) !== 'ENOENT') throw error; // Deleted after its folder was read.
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
      // All keys below start with this path. They come after the cursor when the path does, or when it contains it.
      const mayFollow = path > after || after.startsWith(path);
      if (mayMatch && mayFollow) yield* walkKeys(root, path, wanted);
    } else if (path.startsWith(prefix) && path > after) yield path;
  }
}

/** The sorted names in a folder. Folders are compared with their slash: `a-1` comes before `a/1`, as in S3. */
async function readNames(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
  } catch (error) {
    // `a/` is no folder when there is an object `a`.
    if (['ENOENT', 'ENOTDIR'].includes(readErrorCode(error))) return [];
    throw error;
  }
}
