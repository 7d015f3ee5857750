import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../body.ts';
import { checkedMetadata } from '../keys.ts';
import type { ObjectBody, ObjectInfo, PutOptions } from '../object-store.ts';
import { codeOf } from './errors.ts';
import { writeNew } from './files.ts';
import { type Sidecars, sameState } from './sidecar.ts';

const RACES = 20;

export interface Folder {
  objects: string;
  temporary: string;
  sidecars: Sidecars;
}

/**
 * Writes an object aside, on the disk with all that belongs to it, then has `place` put it where it is seen.
 * A crash at any point leaves the old object or the new one, and at worst a file in `tmp/`.
 */
export async function writeObject(
  { objects, temporary, sidecars }: Folder,
  key: string,
  body: ObjectBody,
  { contentType, metadata, signal }: PutOptions,
  place: (from: string, to: string) => Promise<boolean>,
): Promise<boolean> {
  const checked = checkedMetadata(metadata);
  const from = join(temporary, randomUUID());
  try {
    const state = await writeNew(from, body, signal);
    let placed = false;
    try {
      await sidecars.write(key, state, { contentType, metadata: checked, size: sizeOf(body) });
      placed = await place(from, join(objects, key));
    } finally {
      if (!placed) await sidecars.remove(key, state).catch(() => {}); // Rubbish, but harmless.
    }
    return placed;
  } finally {
    await rm(from, { force: true });
  }
}

/** Opens an object together with what belongs to exactly this state of it. */
export async function openObject(
  { objects, sidecars }: Folder,
  key: string,
): Promise<{ handle: FileHandle; info: ObjectInfo } | undefined> {
  const path = join(objects, key);
  for (let race = 1; ; race += 1) {
    const handle = await open(path, 'r').catch(absent);
    if (!handle) return undefined;
    try {
      const file = await handle.stat({ bigint: true });
      if (file.isDirectory()) return await closed(handle);
      let sidecar = await sidecars.read(key, file);
      if (!sidecar) {
        // Replaced between the two polls: look again. Else this is a copy, or something else put the file there.
        const now = await stat(path, { bigint: true }).catch(absent);
        if (race < RACES && !(now && sameState(now, file))) {
          await handle.close();
          continue;
        }
        sidecar = await sidecars.readOfCopy(key, Number(file.size));
      }
      const { contentType, metadata = {} } = sidecar ?? {};
      const info = { key, size: Number(file.size), metadata, modifiedAt: Number(file.mtimeMs) };
      return { handle, info: contentType ? { ...info, contentType } : info };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

async function closed(handle: FileHandle): Promise<undefined> {
  await handle.close();
}

/** For `catch`: nothing is there. A key below another key is not there either. */
export function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
  throw error;
}
