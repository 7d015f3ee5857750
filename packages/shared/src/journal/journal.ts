import type { ObjectStore } from '../object-store/index.ts';
import { JOURNAL_PREFIX, type JournalEntry, parseEntry, readEntrySize } from './entry.ts';

interface Options {
  signal?: AbortSignal;
}

/** An entry that was not read. */
export interface ListedEntry {
  key: string;
  /** Bytes in memory. */
  size: number;
}

/** Bytes of the entries of one part: about 1,600 renders. */
const MAX_READ_BYTES = 1_000_000;

/**
 * Lists the journal's entries, oldest first, in parts that are small enough to be in memory together: at most `maxEntries`
 * entries of at most 1 MB in total, or one larger entry. Throws {@link StoreError}.
 */
export async function* listEntries(
  store: ObjectStore,
  { after, maxEntries = 16, ...options }: Options & { after?: string | undefined; maxEntries?: number } = {},
): AsyncGenerator<ListedEntry[]> {
  for (let cursor = after; ; ) {
    const page = await store.list({ prefix: JOURNAL_PREFIX, ...(cursor ? { cursor } : {}), ...options });
    const entries = page.objects.map((object) => ({ key: object.key, size: readEntrySize(object) }));
    yield* splitEntries(entries, maxEntries);
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
}

function* splitEntries(entries: readonly ListedEntry[], maxEntries: number): Generator<ListedEntry[]> {
  let part: ListedEntry[] = [];
  let bytes = 0;
  for (const { key, size } of entries) {
    if (part.length === maxEntries || (part.length > 0 && bytes + size > MAX_READ_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push({ key, size });
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/**
 * Reads an entry. @returns `undefined` when it has been deleted meanwhile.
 *
 * @throws {StoreError}, {NewerDataError} for an entry of a newer Darkroom, {Error} for an object that is no entry.
 */
export async function readEntry(
  store: ObjectStore,
  key: string,
  options: Options = {},
): Promise<JournalEntry | undefined> {
  const body = await store.get(key, options);
  return body && (await parseEntry(key, body));
}

export const deleteEntry = (store: ObjectStore, key: string, options: Options = {}): Promise<void> =>
  store.delete(key, options);
