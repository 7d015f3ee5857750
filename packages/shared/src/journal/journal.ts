import type { ObjectStore } from '../object-store/index.ts';
import { JOURNAL_PREFIX, type JournalEntry, parseEntry } from './entry.ts';

interface Options {
  signal?: AbortSignal;
}

/** The keys of the journal's entries, oldest first, in pages of up to 1000. Throws {@link StoreError}. */
export async function* listEntryKeys(
  store: ObjectStore,
  { after, ...options }: Options & { after?: string | undefined } = {},
): AsyncGenerator<string[]> {
  for (let cursor = after; ; ) {
    const page = await store.list({ prefix: JOURNAL_PREFIX, ...(cursor ? { cursor } : {}), ...options });
    yield page.objects.map(({ key }) => key);
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
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
  return body && parseEntry(key, body);
}

export const deleteEntry = (store: ObjectStore, key: string, options: Options = {}): Promise<void> =>
  store.delete(key, options);
