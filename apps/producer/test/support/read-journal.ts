import { listEntries, readEntry } from '@darkroom/shared/journal';
import type { ObjectStore } from '@darkroom/shared/object-store';

/** The prompts of the journal, one list for each entry, oldest first. */
export async function readJournal(store: ObjectStore): Promise<string[][]> {
  const entries: string[][] = [];
  for await (const part of listEntries(store)) {
    for (const { key } of part) {
      const entry = await readEntry(store, key);
      if (entry) entries.push(entry.checkpoints.map(({ request }) => request.prompt));
    }
  }
  return entries;
}

/** A store whose calls of one kind for the journal go through `around`. */
export function interceptJournal(
  store: ObjectStore,
  kind: 'put' | 'delete',
  around: (call: () => Promise<void>) => Promise<void>,
): ObjectStore {
  const intercepted = (key: string, ...args: unknown[]) => {
    const call = () => (store[kind] as (...all: unknown[]) => Promise<void>)(key, ...args);
    return key.startsWith('intake/') ? around(call) : call();
  };
  return Object.assign(Object.create(store) as ObjectStore, { [kind]: intercepted });
}
