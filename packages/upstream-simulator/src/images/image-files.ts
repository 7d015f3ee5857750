import type { Blobs } from '../storage/index.ts';
import type { Task } from '../tasks/index.ts';
import { drawImage, drawTinyImage } from './draw-image.ts';
import { padPng } from './file-format.ts';

/** The result files. A file is drawn at its first download, at most two at a time. The newest are cached. */
export interface ImageFiles {
  read(task: Task): Promise<Buffer>;
  /** The same image as a PNG of about `bytes` bytes. */
  readPadded(task: Task, bytes: number): Promise<Buffer>;
}

const MAX_CACHED_BYTES = 64 * 1024 * 1024;
const MAX_CONCURRENT_DRAWINGS = 2;

export function createImageFiles(blobs: Blobs, instant: boolean): ImageFiles {
  const cached = new Map<string, Promise<Buffer>>();
  const sizes = new Map<string, number>();
  const limit = createLimiter(MAX_CONCURRENT_DRAWINGS);
  let total = 0;
  let tiny: Promise<Buffer> | undefined;

  async function drawTask(task: Task, format: Task['format']): Promise<Buffer> {
    const blobsOrMissing = await Promise.all(task.references.map((name) => blobs.get(name)));
    const references = blobsOrMissing.filter((bytes) => bytes !== undefined);
    return limit(() => drawImage({ ...task, format, references }));
  }

  function evictOldest(): void {
    for (const [key, size] of sizes) {
      if (total <= MAX_CACHED_BYTES) return;
      sizes.delete(key);
      cached.delete(key);
      total -= size;
    }
  }

  function getOrMake(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const hit = cached.get(key);
    if (hit !== undefined) return hit;
    const made = make();
    cached.set(key, made);
    made.then(
      (bytes) => {
        sizes.set(key, bytes.length);
        total += bytes.length;
        evictOldest();
      },
      () => cached.delete(key),
    );
    return made;
  }

  return {
    read(task) {
      if (instant) return (tiny ??= drawTinyImage());
      return getOrMake(task.id, () => drawTask(task, task.format));
    },
    readPadded(task, bytes) {
      // One padded file serves all tasks of instant mode: a benchmark measures the client, not the padding.
      const key = instant ? `instant ${bytes}` : `${task.id} ${bytes}`;
      return getOrMake(key, async () =>
        padPng(await (instant ? drawTinyImage() : drawTask(task, 'png')), bytes),
      );
    },
  };
}

/** Runs at most `max` calls at the same time. The others wait in their order. */
function createLimiter(max: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= max) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
