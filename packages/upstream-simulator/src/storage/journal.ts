import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Micros } from '../money.ts';
import type { Task } from '../tasks/task.ts';

/** One line of the journal. Of records about the same thing the last one holds. */
export type JournalRecord =
  | { type: 'task'; task: Task }
  | { type: 'balance'; deposited: Micros | null }
  | { type: 'webhook'; taskId: string; attempts: number; done: boolean };

export interface Journal {
  /** Resolves when the record is on the disk. */
  append(record: JournalRecord): Promise<void>;
  close(): Promise<void>;
}

export const NO_JOURNAL: Journal = { append: async () => {}, close: async () => {} };

/** Opens the append-only file, answers what it holds, and cuts off a last line that a crash left half written. */
export async function openJournal(path: string): Promise<{ journal: Journal; records: JournalRecord[] }> {
  await mkdir(dirname(path), { recursive: true });
  const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const whole = content.lastIndexOf(0x0a) + 1;
  if (whole < content.length) await truncate(path, whole);
  const records = content
    .subarray(0, whole)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalRecord);
  return { journal: await openAppender(path), records };
}

/** Records that arrive while a write is under way share the next write and its fsync. */
async function openAppender(path: string): Promise<Journal> {
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
