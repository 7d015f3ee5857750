import pLimit from 'p-limit';
import { randomHex, type SerializedCheckpoint } from '../render/index.ts';
import type { Clock } from '../runtime/index.ts';
import { createEntryBody, createEntryObject } from './entry.ts';

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
   * for others (`waitMs`), which then share its object. Several checkpoints are written at once, unless an object of
   * several was begun less than 50 ms before, or two are being written: then the next calls share one object.
   * Rejects with the error of the store.
   */
  append(checkpoints: readonly SerializedCheckpoint[]): Promise<JournalReceipt>;
}

export interface JournalWriterOptions {
  /** Writes an object, or deletes it. Each has its own deadline (I7). */
  put(key: string, body: Uint8Array): Promise<void>;
  remove(key: string): Promise<void>;
  /** Called when an object was not written for certain: the store may have it. Its renders are refused, so it must go. */
  onUnwritten(key: string): void;
  clock: Pick<Clock, 'now' | 'sleep'>;
  /** How long (ms) a single checkpoint waits for others. 0: it waits for no other. */
  waitMs: number;
}

/** Renders in one object at most. A restore holds one object in memory. */
const MAX_RENDERS = 2_000;
/**
 * Objects of several checkpoints that are written at the same time. On a disk, each object costs several syncs, which take
 * the longer the more of them there are.
 */
const MAX_WRITES = 2;
/**
 * Milliseconds between the starts of two such writes. An object costs producer and store more time than the renders in
 * it, so a stream of batches must not write one object per batch. The first batch after a pause does not wait.
 */
const PACE_MS = 50;

/** An object of the journal whose calls still run. */
interface OpenEntry {
  /** Unix milliseconds. */
  startedAt: number;
  /** Of its object, as soon as that is being written. */
  key: string;
  checkpoints: SerializedCheckpoint[];
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
  /** When (Unix ms) the last write of several checkpoints started, or will start. */
  let lastStart = 0;

  const write = async (entry: OpenEntry) => {
    if (gathering === entry) gathering = undefined;
    if (waiting === entry) waiting = undefined;
    const { key, body } = createEntryObject(entry.checkpoints, {
      writtenAt: entry.startedAt,
      token: randomHex(8),
    });
    entry.key = key;
    try {
      await put(key, body);
    } catch (error) {
      onUnwritten(key);
      throw error;
    }
  };

  const waitForPace = async () => {
    const now = clock.now();
    const ms = lastStart + PACE_MS - now;
    // Two writes wait at most. A longer wait means that the clock was set back, which must not delay a write.
    const wait = ms > 0 && ms <= MAX_WRITES * PACE_MS ? ms : 0;
    lastStart = now + wait;
    if (wait > 0) await clock.sleep(wait);
  };

  const createEntry = (checkpoints: readonly SerializedCheckpoint[]): OpenEntry => ({
    startedAt: clock.now(),
    key: '',
    checkpoints: [...checkpoints],
    written: Promise.resolve(),
    change: Promise.resolve(),
  });

  const addOne = (checkpoint: SerializedCheckpoint): OpenEntry => {
    if (gathering && gathering.checkpoints.length < MAX_RENDERS) {
      gathering.checkpoints.push(checkpoint);
      return gathering;
    }
    const entry = createEntry([checkpoint]);
    gathering = entry;
    entry.written = clock.sleep(waitMs).then(() => write(entry));
    return entry;
  };

  const addSeveral = (checkpoints: readonly SerializedCheckpoint[]): OpenEntry => {
    if (waiting && waiting.checkpoints.length + checkpoints.length <= MAX_RENDERS) {
      waiting.checkpoints.push(...checkpoints);
      return waiting;
    }
    const entry = createEntry(checkpoints);
    waiting = entry;
    entry.written = limitWrites(async () => {
      if (entry.checkpoints.length > 1) await waitForPace();
      await write(entry);
    });
    return entry;
  };

  const withdraw = (entry: OpenEntry, own: readonly SerializedCheckpoint[], renderIds: readonly string[]) => {
    // Two calls with one key may share the entry: only the checkpoints of this call are taken out.
    const gone = new Set(own.filter(({ checkpoint }) => renderIds.includes(checkpoint.renderId)));
    const work = entry.change.then(async () => {
      const left = entry.checkpoints.filter((checkpoint) => !gone.has(checkpoint));
      if (left.length === entry.checkpoints.length) return;
      if (left.length === 0) await remove(entry.key);
      else await put(entry.key, createEntryBody(entry.key, left));
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
