import { JOURNAL_PREFIX } from '@darkroom/shared/journal';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { STORE_DEADLINE_MS, withStoreDeadline } from './deadlines.ts';
import type { RenderQueue } from './render-queue.ts';

/** Knows whether the queue has everything that was accepted. */
export interface QueueStateReader {
  /**
   * Whether the queue may lack accepted renders: no restore has completed since the engine was started or emptied, and
   * the journal has entries. If the journal has none, that is recorded in the queue as a proof. Reads at most once per second, for any number of calls. Without a journal it is never known.
   *
   * @throws {EngineError} and {StoreError} when the queue or the store is away.
   */
  isIncomplete(): Promise<boolean>;
}

const CACHE_MS = 1_000;

export function createQueueStateReader(deps: {
  queue: RenderQueue;
  store: ObjectStore;
  clock: Clock;
  hasJournal: boolean;
}): QueueStateReader {
  const { queue, store, clock, hasJournal } = deps;
  let last: { at: number; incomplete: Promise<boolean> } | undefined;
  const readNow = async () => {
    const state = await queue.readState();
    if (state === 'complete') return false;
    const identity = await queue.readIdentity();
    if (await hasEntries(store)) return true;
    // Nothing can be missing now. The proof is written at once, because the next render makes an entry.
    if (state === 'unknown') await queue.requestEmptyRestore({ identity, now: clock.now() });
    return false;
  };
  return {
    isIncomplete: async () => {
      if (!hasJournal) return false;
      const now = clock.now();
      if (!last || Math.abs(now - last.at) >= CACHE_MS) {
        const reading = { at: now, incomplete: readNow() };
        last = reading;
        // An error is not cached: the next call may work.
        reading.incomplete.catch(() => {
          if (last === reading) last = undefined;
        });
      }
      return await last.incomplete;
    },
  };
}

async function hasEntries(store: ObjectStore): Promise<boolean> {
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.list({ prefix: JOURNAL_PREFIX, limit: 1, signal }),
  );
  return page.objects.length > 0;
}
