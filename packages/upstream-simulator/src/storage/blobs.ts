import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Uploaded and inline images by name. */
export interface Blobs {
  put(name: string, bytes: Buffer): Promise<void>;
  get(name: string): Promise<Buffer | undefined>;
}

const SAFE_NAME = /^[A-Za-z0-9_.-]+$/;

/** Stores blobs in memory. Above `maxBytes` it drops the oldest. */
export function createMemoryBlobs(maxBytes = 256 * 1024 * 1024): Blobs {
  const stored = new Map<string, Buffer>();
  let size = 0;
  return {
    async put(name, bytes) {
      size += bytes.length - (stored.get(name)?.length ?? 0);
      stored.delete(name);
      stored.set(name, bytes);
      for (const [oldest, old] of stored) {
        if (size <= maxBytes || oldest === name) break;
        stored.delete(oldest);
        size -= old.length;
      }
    },
    get: async (name) => stored.get(name),
  };
}

/** Stores blobs in a folder. The rename at the end makes each name appear with its complete content. */
export async function openBlobFolder(folder: string): Promise<Blobs> {
  await mkdir(folder, { recursive: true });
  let serial = 0;
  return {
    async put(name, bytes) {
      const temporary = join(folder, `.${process.pid}-${++serial}.tmp`);
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(folder, name));
    },
    async get(name) {
      if (!SAFE_NAME.test(name)) return undefined;
      return readFile(join(folder, name)).catch(() => undefined);
    },
  };
}
