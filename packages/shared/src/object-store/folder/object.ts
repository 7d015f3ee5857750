import { randomUUID } from 'node:crypto';
import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { measureBody } from '../body.ts';
import { normalizeMetadata } from '../keys.ts';
import type { ObjectBody, ObjectInfo, PutOptions } from '../object-store.ts';
import { readErrorCode } from './errors.ts';
import { writeNewFile } from './files.ts';
import { isSameState, type Sidecars } from './sidecar.ts';

const MAX_RACES = 20;

export interface Folder {
  objects: string;
  temporary: string;
  sidecars: Sidecars;
}

/**
 * Writes an object to a temporary file, with its sidecar, and then calls `publish` to move it to its place. A crash at any
 * point leaves the old object or the new one, and at worst a file in `tmp/`.
 *
 * JSON and compressed records without metadata have no sidecar: their keys say what they are. So an entry of the journal or
 * the ledger costs two syncs, not five.
 */
export async function writeObject(
  { objects, temporary, sidecars }: Folder,
  key: string,
  body: ObjectBody,
  { contentType, metadata, signal }: PutOptions,
  publish: (from: string, to: string) => Promise<boolean>,
): Promise<boolean> {
  const checked = normalizeMetadata(metadata);
  const from = join(temporary, randomUUID());
  const to = join(objects, key);
  try {
    const state = await writeNewFile(from, body, signal);
    const isImplied = contentType === readImpliedType(key) && Object.keys(checked).length === 0;
    // Beside an old sidecar of the same size, an object without one would be read with the old one's metadata.
    if (isImplied && !(await sidecars.has(key))) return await publish(from, to);
    let published = false;
    try {
      await sidecars.write(key, state, { contentType, metadata: checked, size: measureBody(body) });
      published = await publish(from, to);
    } finally {
      if (!published) await sidecars.remove(key, state).catch(() => {}); // A sidecar without its object does no harm.
    }
    return published;
  } finally {
    await unlink(from).catch(ignoreMissing);
  }
}

/** The content types of objects without a sidecar, by the ends of their keys. */
const IMPLIED_TYPES = { '.json': 'application/json', '.zst': 'application/zstd' };

const readImpliedType = (key: string) =>
  Object.entries(IMPLIED_TYPES).find(([end]) => key.endsWith(end))?.[1];

/** Opens an object with the metadata of exactly this state of the object. */
export async function openObject(
  { objects, sidecars }: Folder,
  key: string,
): Promise<{ handle: FileHandle; info: ObjectInfo } | undefined> {
  const path = join(objects, key);
  for (let race = 1; ; race += 1) {
    const handle = await open(path, 'r').catch(ignoreMissing);
    if (!handle) return undefined;
    try {
      const file = await handle.stat({ bigint: true });
      if (file.isDirectory()) return await closeHandle(handle);
      let sidecar = await sidecars.read(key, file);
      if (!sidecar) {
        // Replaced between the two reads: read again. Otherwise the folder is a copy, or another program wrote the file.
        const present = await stat(path, { bigint: true }).catch(ignoreMissing);
        if (race < MAX_RACES && !(present && isSameState(present, file))) {
          await handle.close();
          continue;
        }
        sidecar = await sidecars.readFromCopy(key, Number(file.size));
      }
      const { contentType = readImpliedType(key), metadata = {} } = sidecar ?? {};
      const info = { key, size: Number(file.size), metadata, modifiedAt: Number(file.mtimeMs) };
      return { handle, info: contentType ? { ...info, contentType } : info };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

async function closeHandle(handle: FileHandle): Promise<undefined> {
  await handle.close();
}

/** For `catch`: the file does not exist. A key below another key does not exist either. */
export function ignoreMissing(error: unknown): undefined {
  if (readErrorCode(error) === 'ENOENT' || readErrorCode(error) === 'ENOTDIR') return undefined;
  throw error;
}
