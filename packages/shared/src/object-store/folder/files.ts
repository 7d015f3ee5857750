import type { BigIntStats } from 'node:fs';
import { link, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { enforceStreamSize } from '../body.ts';
import type { ObjectBody } from '../object-store.ts';
import { readErrorCode } from './errors.ts';

const MAX_RACES = 20;

/** Makes a new name in a folder survive a power cut. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder and those above it, durably. */
export async function ensureDir(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    // A file is in the way: the same as what a deeper path says of it, and not "the object is there already".
    throw readErrorCode(error) === 'EEXIST'
      ? Object.assign(new Error(`${dir} is no folder`), { code: 'ENOTDIR' })
      : error;
  });
  if (first === undefined) return;
  for (let made = dir; made.length >= first.length; made = dirname(made)) await syncDir(dirname(made));
}

/** Writes all of a body to a new file and has it on the disk; answers with its state. */
export async function writeNewFile(
  path: string,
  body: ObjectBody,
  signal?: AbortSignal,
): Promise<BigIntStats> {
  const handle = await open(path, 'wx');
  try {
    if (typeof body === 'string' || body instanceof Uint8Array) await handle.writeFile(body);
    else await writeStream(body.stream(), body.size, handle, signal);
    signal?.throwIfAborted();
    await handle.sync();
    return await handle.stat({ bigint: true });
  } finally {
    await handle.close();
  }
}

async function writeStream(
  source: Readable,
  size: number,
  handle: Awaited<ReturnType<typeof open>>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const abort = () => void source.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort);
  try {
    for await (const chunk of enforceStreamSize(source, size)) await handle.writeFile(chunk);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Puts a finished file in place of what is there. */
export async function replaceFile(temporary: string, path: string): Promise<void> {
  await runInFolderOf(path, () => rename(temporary, path));
}

/** Puts a finished file in place where nothing is: `link` is the one call that many processes cannot all win. */
export async function createFileIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await runInFolderOf(path, () => link(temporary, path));
    return true;
  } catch (error) {
    if (readErrorCode(error) !== 'EEXIST') throw error;
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
    return false;
  }
}

/** Removes a file, then the folders above it that are empty now, up to `root`. */
export async function removeFile(path: string, root: string): Promise<void> {
  await rm(path, { force: true });
  let dir = dirname(path);
  try {
    for (; dir.length > root.length; dir = dirname(dir)) await rmdir(dir);
  } catch {
    // Not empty, or somebody else was first.
  }
  await syncDir(dir).catch(ignoreRemoved);
}

/** Does something in a folder, which another process may just be removing because it was empty. */
export async function runInFolderOf(path: string, act: () => Promise<void>): Promise<void> {
  const dir = dirname(path);
  for (let race = 1; ; race += 1) {
    try {
      await ensureDir(dir);
      await act();
      break;
    } catch (error) {
      if (readErrorCode(error) !== 'ENOENT' || race === MAX_RACES) throw error;
    }
  }
  await syncDir(dir).catch(ignoreRemoved);
}

/** Somebody deleted what was just put in place, and its folder with it. */
function ignoreRemoved(error: unknown): void {
  if (readErrorCode(error) !== 'ENOENT') throw error;
}
