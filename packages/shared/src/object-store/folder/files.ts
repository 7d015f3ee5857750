import type { BigIntStats } from 'node:fs';
import { link, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { enforceStreamSize } from '../body.ts';
import type { ObjectBody } from '../object-store.ts';
import { readErrorCode } from './errors.ts';

const MAX_RACES = 20;

/** Writes a folder's list of names to the disk, so that a new name survives a power cut. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Creates a folder and the folders above it, durably. */
export async function ensureDir(dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    // A file has the name of the folder. Report it as for a deeper path. EEXIST would mean that the object exists.
    throw readErrorCode(error) === 'EEXIST'
      ? Object.assign(new Error(`${dir} is not a folder`), { code: 'ENOTDIR' })
      : error;
  });
  if (first === undefined) return;
  for (let made = dir; made.length >= first.length; made = dirname(made)) await syncDir(dirname(made));
}

/** Writes a body to a new file, durably. @returns the file's state. */
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

/** Moves a complete file to `path`, and replaces a file there. */
export async function replaceFile(temporary: string, path: string): Promise<void> {
  await runInFolderOf(path, () => rename(temporary, path));
}

/** Moves a complete file to `path` when no file is there. Of many processes that call `link`, only one can succeed. */
export async function createFileIfAbsent(temporary: string, path: string): Promise<boolean> {
  try {
    await runInFolderOf(path, () => link(temporary, path));
    return true;
  } catch (error) {
    if (readErrorCode(error) !== 'EEXIST') throw error;
    const existing = await stat(path).catch(() => undefined);
    if (existing?.isDirectory()) throw Object.assign(new Error(`${path} is a folder`), { code: 'EISDIR' });
    return false;
  }
}

/** Removes a file, then the empty folders above it, up to `root`. */
export async function removeFile(path: string, root: string): Promise<void> {
  await rm(path, { force: true });
  let dir = dirname(path);
  try {
    for (; dir.length > root.length; dir = dirname(dir)) await rmdir(dir);
  } catch {
    // Not empty, or another process removed it first.
  }
  await syncDir(dir).catch(ignoreRemoved);
}

/**
 * Runs `act` in the folder of `path`. Creates the folder when `act` fails without it, also when another process has removed
 * it because it was empty.
 */
export async function runInFolderOf(path: string, act: () => Promise<void>): Promise<void> {
  const dir = dirname(path);
  for (let race = 1; ; race += 1) {
    try {
      // Most folders exist.
      if (race > 1) await ensureDir(dir);
      await act();
      break;
    } catch (error) {
      if (readErrorCode(error) !== 'ENOENT' || race === MAX_RACES) throw error;
    }
  }
  await syncDir(dir).catch(ignoreRemoved);
}

/** Another process may delete the new file, and its folder, before the folder is synced. */
function ignoreRemoved(error: unknown): void {
  if (readErrorCode(error) !== 'ENOENT') throw error;
}
