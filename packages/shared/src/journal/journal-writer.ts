import pLimit from 'p-limit';
import { type Checkpoint, randomHex } from '../render/index.ts';
import type { Clock } from '../runtime/index.ts';
import { entryKey, serializeEntry } from './entry.ts';

/** The checkpoints of one call, durable in the store. */
export interface JournalReceipt {
  /**
   * Takes renders of this call out of the journal: they were not accepted after all, so `restore` must not add them. The
   * other renders of the entry stay. Rejects with the error of the store; then the renders may come back in a restore.
   */
  withdraw(renderIds: readonly string[]): Promise<void>;
}

export interface JournalWriter {
  /**
   * Writes the checkpoints of one call and resolves when they are durable. A single checkpoint waits a few milliseconds
   * for others (`waitMs`), which then share its object. Several checkpoints are written at once. While objects of several
   * checkpoints are being written, the next calls share one object.
   * Rejects with the error of the store.
   */
  append(checkpoints: readonly Checkpoint[]): Promise<JournalReceipt>;
}

export interface JournalWriterOptions {
  /** Writes an object, or deletes it. Each has its own deadline (I7). */
  put(key: string, body: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Called when an object was not written for certain: the store may have it. Its renders are refused, so it must go. */
  onUnwritten(key: string): void;
  clock: Pick<Clock, 'now' | 'sleep'>;
  /** How long (ms) a single checkpoint waits for others. 0: it waits for no other. */
  waitMs: number;
}

/** Renders in one object at most. A restore holds one object in memory. */
const MAX_RENDERS = 1_000;
/**
 * Objects of several checkpoints that are written at the same time. On a disk, each object costs several syncs, which take
 * the longer the more of them there are.
 */
const MAX_WRITES = 2;

/** An object of the journal whose calls still run. */
interface OpenEntry {
  key: string;
  checkpoints: Checkpoint[];
  /** Resolves when the object is written. */
  written: Promise<void>;
  /** Changes of one object are made one after the other. */
  change: Promise<void>;
}

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { put, remove, onUnwritten, clock, waitMs } = options;
  /** The entry that single checkpoints join. It is not written yet. */
  let gathering: OpenEntry | undefined;
  /** The entry that several checkpoints join. It waits for its turn to be written. */
  let waiting: OpenEntry | undefined;
  const limitWrites = pLimit(MAX_WRITES);

  const write = async (entry: OpenEntry) => {
    if (gathering === entry) gathering = undefined;
    if (waiting === entry) waiting = undefined;
    try {
      await put(entry.key, serializeEntry(entry.checkpoints));
    } catch (error) {
      onUnwritten(entry.key);
      throw error;
    }
  };

  const createEntry = (checkpoints: readonly Checkpoint[]): OpenEntry => {
    const key = entryKey(clock.now(), randomHex(8));
    return { key, checkpoints: [...checkpoints], written: Promise.resolve(), change: Promise.resolve() };
  };

  const addOne = (checkpoint: Checkpoint): OpenEntry => {
    if (gathering && gathering.checkpoints.length < MAX_RENDERS) {
      gathering.checkpoints.push(checkpoint);
      return gathering;
    }
    const entry = createEntry([checkpoint]);
    gathering = entry;
    entry.written = clock.sleep(waitMs).then(() => write(entry));
    return entry;
  };

  const addSeveral = (checkpoints: readonly Checkpoint[]): OpenEntry => {
    if (waiting && waiting.checkpoints.length + checkpoints.length <= MAX_RENDERS) {
      waiting.checkpoints.push(...checkpoints);
      return waiting;
    }
    const entry = createEntry(checkpoints);
    waiting = entry;
    entry.written = limitWrites(() => write(entry));
    return entry;
  };

  const withdraw = (entry: OpenEntry, own: readonly Checkpoint[], renderIds: readonly string[]) => {
    // Two calls with one key may share the entry: only the checkpoints of this call are taken out.
    const gone = new Set(own.filter(({ renderId }) => renderIds.includes(renderId)));
    const work = entry.change.then(async () => {
      const left = entry.checkpoints.filter((checkpoint) => !gone.has(checkpoint));
      if (left.length === entry.checkpoints.length) return;
      if (left.length === 0) await remove(entry.key);
      else await put(entry.key, serializeEntry(left));
      entry.checkpoints = left;
    });
    entry.change = work.catch(() => undefined);
    return work;
  };

  return {
    async append(checkpoints) {
      const [first, ...more] = checkpoints;
      if (!first) return { withdraw: async () => undefined };
      const entry = more.length === 0 && waitMs > 0 ? addOne(first) : addSeveral(checkpoints);
      await entry.written;
      return { withdraw: (renderIds) => withdraw(entry, checkpoints, renderIds) };
    },
  };
}
