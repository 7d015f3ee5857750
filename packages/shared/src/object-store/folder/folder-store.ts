import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../../runtime/index.ts';
import { runStoreOperation as attemptWith } from '../body.ts';
import { assertFolderPrefix, assertKey, assertPrefix, clampPageSize } from '../keys.ts';
import { type ObjectStore, StoreError } from '../object-store.ts';
import { toStoreError } from './errors.ts';
import { createFileIfAbsent, ensureDir, removeFile, replaceFile } from './files.ts';
import { listFolder, listSubfolders } from './list.ts';
import { createNameReader } from './names.ts';
import { type Folder, ignoreMissing, openObject, writeObject } from './object.ts';
import { Sidecars } from './sidecar.ts';

const ABANDONED_MS = 24 * 3600_000;

/**
 * Opens a store in a folder. `objects/` contains plain files, so that people can open the images. `meta/` contains content
 * types and metadata. `tmp/` contains files that are being written. Any number of processes on one machine may use it.
 */
export async function openFolderStore(root: string, clock: Clock): Promise<ObjectStore> {
  const objects = join(root, 'objects');
  const temporary = join(root, 'tmp');
  const sidecars = new Sidecars(join(root, 'meta'));
  const readNames = createNameReader(() => clock.now());
  const folder: Folder = { objects, temporary, sidecars };
  await runOperation(`open ${root}`, undefined, async () => {
    await ensureDir(objects);
    await ensureDir(temporary);
    await removeAbandonedFiles(temporary, clock.now() - ABANDONED_MS);
  });

  return {
    kind: 'folder',
    url: pathToFileURL(root).href,

    async put(key, body, options) {
      assertKey(key);
      const replace = async (from: string, to: string) => {
        const old = await stat(to, { bigint: true }).catch(ignoreMissing);
        await replaceFile(from, to);
        if (old) await sidecars.remove(key, old);
        return true;
      };
      await runOperation(`put ${key}`, options.signal, () =>
        writeObject(folder, key, body, options, replace),
      );
    },

    async putIfAbsent(key, body, options) {
      assertKey(key);
      return runOperation(`put-if-absent ${key}`, options.signal, () =>
        writeObject(folder, key, body, options, createFileIfAbsent),
      );
    },

    async get(key, { signal } = {}) {
      assertKey(key);
      return runOperation(`get ${key}`, signal, async () => {
        const handle = await open(join(objects, key), 'r').catch(ignoreMissing);
        if (!handle) return await assertPresent(objects);
        try {
          if ((await handle.stat()).isDirectory()) return undefined;
          return new Uint8Array(await handle.readFile(signal ? { signal } : {}));
        } finally {
          await handle.close();
        }
      });
    },

    async getStream(key, { signal } = {}) {
      assertKey(key);
      const opened = await runOperation(`get ${key}`, signal, async () => {
        return (await openObject(folder, key)) ?? (await assertPresent(objects));
      });
      if (!opened) return undefined;
      const { info, handle } = opened;
      const stream = Readable.from(readChunks(key, handle, signal));
      stream.once('close', () => void handle.close()); // Also when no caller has started to read.
      return { info, stream };
    },

    async head(key, { signal } = {}) {
      assertKey(key);
      return runOperation(`head ${key}`, signal, async () => {
        const opened = (await openObject(folder, key)) ?? (await assertPresent(objects));
        await opened?.handle.close();
        return opened?.info;
      });
    },

    async list({ prefix, cursor, limit, signal }) {
      assertPrefix(prefix);
      if (cursor !== undefined) assertKey(cursor);
      const wanted = { prefix, after: cursor ?? '', limit: clampPageSize(limit), signal };
      return runOperation(`list ${prefix}`, signal, async () => {
        const page = await listFolder(objects, readNames, wanted);
        if (page.objects.length === 0) await assertPresent(objects);
        return page;
      });
    },

    async listFolders({ prefix, signal }) {
      assertFolderPrefix(prefix);
      return runOperation(`list the folders of ${prefix}`, signal, async () => {
        const folders = await listSubfolders(objects, readNames, prefix);
        if (folders.length === 0) await assertPresent(objects);
        return folders;
      });
    },

    async delete(key, { signal } = {}) {
      assertKey(key);
      await runOperation(`delete ${key}`, signal, async () => {
        const path = join(objects, key);
        const file = await stat(path, { bigint: true }).catch(ignoreMissing);
        if (!file) return assertPresent(objects);
        if (file.isDirectory()) return;
        await removeFile(path, objects);
        await sidecars.remove(key, file);
      });
    },

    async signedUrl(key) {
      assertKey(key);
      return undefined;
    },

    readExpiryRules: async () => [],

    async close() {},
  };
}

const runOperation = <T>(what: string, signal: AbortSignal | undefined, run: () => Promise<T>) =>
  attemptWith(what, signal, toStoreError, run);

async function* readChunks(
  key: string,
  handle: FileHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      signal?.throwIfAborted();
      yield chunk as Buffer;
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : toStoreError(error, `get ${key}`);
  }
}

/**
 * Throws when the store's own folder is gone: then its disk is not mounted, and no object counts as missing. Otherwise a
 * purchase could be made again on the empty mount point.
 */
async function assertPresent(objects: string): Promise<undefined> {
  if (await stat(objects).catch(ignoreMissing)) return undefined;
  throw new StoreError('unavailable', `${objects} is gone: is its disk mounted?`);
}

/** Removes the files of killed processes. Younger files may belong to a running upload. */
async function removeAbandonedFiles(dir: string, before: number): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const file = await stat(path).catch(ignoreMissing);
    if (file && file.mtimeMs < before) await rm(path, { force: true });
  }
}
