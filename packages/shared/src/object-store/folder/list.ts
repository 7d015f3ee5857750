import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListPage } from '../object-store.ts';
import { readErrorCode } from './errors.ts';
import type { ReadNames } from './names.ts';

/** How many files are examined together. One after another takes ten times as long. */
const TOGETHER = 100;

/** Lists a page of the objects below a folder, in the order of their keys. Reads only folders that can match. */
export async function listFolder(
  root: string,
  readNames: ReadNames,
  wanted: { prefix: string; after: string; limit: number; signal?: AbortSignal | undefined },
): Promise<ListPage> {
  const objects: ListPage['objects'] = [];
  // From the folder of the prefix: the folders above it may have a hundred thousand entries.
  const start = wanted.prefix.slice(0, wanted.prefix.lastIndexOf('/') + 1);
  const keys = walkKeys({ root, readNames, ...wanted }, start);
  // One more than the page has: it decides whether another page follows.
  for (let missing = wanted.limit + 1; missing > 0; missing = wanted.limit + 1 - objects.length) {
    const batch = await takeKeys(keys, Math.min(missing, TOGETHER));
    wanted.signal?.throwIfAborted();
    if (batch.length === 0) return { objects };
    const found = await Promise.all(batch.map((key) => examine(root, key)));
    objects.push(...found.filter((one) => one !== undefined));
  }
  objects.pop();
  const last = objects.at(-1);
  return { objects, ...(last ? { cursor: last.key } : {}) };
}

/** The names of the folders directly below a prefix that ends with a slash. */
export async function listSubfolders(root: string, readNames: ReadNames, prefix: string): Promise<string[]> {
  const names = await readNames(join(root, prefix));
  return names.filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1));
}

async function takeKeys(keys: AsyncGenerator<string>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { value, done } = await keys.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

/** @returns `undefined` for a file that was deleted after its folder was read. */
async function examine(root: string, key: string): Promise<ListPage['objects'][number] | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(root, key));
    return { key, size, modifiedAt: Math.trunc(mtimeMs) };
  } catch (error) {
    if (readErrorCode(error) !== 'ENOENT') throw error;
    return undefined;
  }
}

interface Walk {
  root: string;
  readNames: ReadNames;
  prefix: string;
  after: string;
}

async function* walkKeys(walk: Walk, dir: string): AsyncGenerator<string> {
  const { root, readNames, prefix, after } = walk;
  const names = await readNames(join(root, dir));
  for (let at = findStart(names, dir, after); at < names.length; at += 1) {
    const name = names[at] ?? '';
    const path = dir + name;
    if (name.endsWith('/')) {
      const mayMatch = path.startsWith(prefix) || prefix.startsWith(path);
      // All keys below start with this path. They come after the cursor when the path does, or when it contains it.
      const mayFollow = path > after || after.startsWith(path);
      if (mayMatch && mayFollow) yield* walkKeys(walk, path);
    } else if (path.startsWith(prefix) && path > after) yield path;
  }
}

/** The first name that can follow the cursor. The one before the cursor may be the folder that contains it. */
function findStart(names: readonly string[], dir: string, after: string): number {
  if (!after.startsWith(dir)) return 0;
  const rest = after.slice(dir.length);
  let [from, to] = [0, names.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((names[middle] ?? '') <= rest) from = middle + 1;
    else to = middle;
  }
  return Math.max(0, from - 1);
}
