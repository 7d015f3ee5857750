import type { Blobs } from '../storage/blobs.ts';
import type { Task } from '../tasks/task.ts';
import { drawImage, drawTinyImage } from './draw-image.ts';
import { padPng } from './padding.ts';

/** The result files. They are drawn when somebody first asks, two at a time, and the latest are kept. */
export interface ImageFiles {
  read(task: Task): Promise<Buffer>;
  /** The same picture as a PNG of about `bytes` bytes. */
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
    const found = await Promise.all(task.references.map((name) => blobs.get(name)));
    const references = found.filter((bytes) => bytes !== undefined);
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
    const known = cached.get(key);
    if (known !== undefined) return known;
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

/** Runs at most `most` of them at once, the others in their order. */
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
