import type { RunRef } from '../engine/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import { pickLatestEnd, type RunEndEntry, readRunEndKey, runEndPrefix } from '../render/index.ts';

/**
 * The last end of each render of a run, in the order of the ids. Only keys are listed: 1,000 per request. Memory holds one
 * render's ends at a time. A render that a redrive runs again has `isRedriven`. Throws {@link StoreError}.
 *
 * @param after the id of a render: only those after it
 */
export async function* listEnded(
  store: ObjectStore,
  { tenant, id }: RunRef,
  { signal, after }: { signal?: AbortSignal | undefined; after?: string | undefined } = {},
): AsyncGenerator<RunEndEntry, void, void> {
  const prefix = runEndPrefix(tenant, id);
  // All ends of a render follow each other.
  let last: RunEndEntry | undefined;
  for (let cursor = after && `${prefix}${after}.z`; ; ) {
    const page = await store.list({ prefix, ...(cursor ? { cursor } : {}), ...(signal ? { signal } : {}) });
    for (const { key } of page.objects) {
      const entry = readRunEndKey(key);
      if (!entry) continue;
      if (last && last.renderId === entry.renderId) last = pickLatestEnd(last, entry);
      else {
        if (last) yield last;
        last = entry;
      }
    }
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  if (last) yield last;
}
