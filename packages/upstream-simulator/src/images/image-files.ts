import type { Blobs } from '../storage/blobs.ts';
import type { Task } from '../tasks/task.ts';
import { renderPicture, tinyPicture } from './draw-image.ts';
import { padPng } from './padding.ts';

/** The result files. They are drawn when somebody first asks, two at a time, and the latest are kept. */
export interface Pictures {
  of(task: Task): Promise<Buffer>;
  /** The same picture as a PNG of about `bytes` bytes. */
  large(task: Task, bytes: number): Promise<Buffer>;
}

const KEPT_BYTES = 64 * 1024 * 1024;
const MOST_AT_ONCE = 2;

export function pictures(blobs: Blobs, instant: boolean): Pictures {
  const kept = new Map<string, Promise<Buffer>>();
  const sizes = new Map<string, number>();
  const limit = limiter(MOST_AT_ONCE);
  let total = 0;
  let tiny: Promise<Buffer> | undefined;

  async function draw(task: Task, format: Task['format']): Promise<Buffer> {
    const found = await Promise.all(task.references.map((name) => blobs.get(name)));
    const references = found.filter((bytes) => bytes !== undefined);
    return limit(() => renderPicture({ ...task, format, references }));
  }

  function forgetOldest(): void {
    for (const [key, size] of sizes) {
      if (total <= KEPT_BYTES) return;
      sizes.delete(key);
      kept.delete(key);
      total -= size;
    }
  }

  function remembered(key: string, make: () => Promise<Buffer>): Promise<Buffer> {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    kept.set(key, made);
    made.then(
      (bytes) => {
        sizes.set(key, bytes.length);
        total += bytes.length;
        forgetOldest();
      },
      () => kept.delete(key),
    );
    return made;
  }

  return {
    of(task) {
      if (instant) return (tiny ??= tinyPicture());
      return remembered(task.id, () => draw(task, task.format));
    },
    large(task, bytes) {
      // One padded file serves all tasks of instant mode: a benchmark measures the client, not the padding.
      const key = instant ? `instant ${bytes}` : `${task.id} ${bytes}`;
      return remembered(key, async () => padPng(await (instant ? tinyPicture() : draw(task, 'png')), bytes));
    },
  };
}

/** Runs at most `most` of them at once, the others in their order. */
function limiter(most: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
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
