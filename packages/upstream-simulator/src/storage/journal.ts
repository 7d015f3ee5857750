import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';

/** An append-only file of JSON lines. `R` is the type of its records. */
export interface Journal<R> {
  /** Resolves when the record is on the disk. */
  append(record: R): Promise<void>;
  close(): Promise<void>;
}

export const NO_JOURNAL: Journal<unknown> = { append: async () => {}, close: async () => {} };

/** Opens the file and returns its records. A crash can leave a half-written last line; it is cut off. */
export async function openJournal<R>(path: string): Promise<{ journal: Journal<R>; records: R[] }> {
  await mkdir(dirname(path), { recursive: true });
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const completeBytes = content.lastIndexOf(0x0a) + 1;
  if (completeBytes < content.length) await truncate(path, completeBytes);
  const records = content
    .subarray(0, completeBytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as R);
  return { journal: await openAppender(path), records };
}

/** Records that arrive during a write share the next write and its fsync. */
async function openAppender<R>(path: string): Promise<Journal<R>> {
  const file = await open(path, 'a');
  let waiting: { line: string; done: () => void; failed: (error: unknown) => void }[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await file.appendFile(batch.map(({ line }) => line).join(''));
        await file.datasync();
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    writing = undefined;
  }

  return {
    append(record) {
      if (closed) return Promise.reject(new Error('the journal is closed'));
      return new Promise((done, failed) => {
        waiting.push({ line: `${JSON.stringify(record)}\n`, done, failed });
        writing ??= writeAll();
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await writing;
      await file.close();
    },
  };
}
