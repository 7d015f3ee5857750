import { JOURNAL_PREFIX, type JournalEntry, listEntries, readEntry } from '@darkroom/shared/journal';
import { isStoreAway, type ObjectStore } from '@darkroom/shared/object-store';
import type { RestoreJob, RestoreReport } from '@darkroom/shared/queues';
import { DEAD_LETTER_PREFIX } from '@darkroom/shared/render';
import pMap from 'p-map';
import { type Candidate, type RestoreDeps, restoreGroup } from './restore-group.ts';

export type { RestoreDeps };

type Position = NonNullable<RestoreJob['position']>;

/** How far a restore is. `total` and `done` count objects: entries of the journal, and listed dead letters. */
export interface RestoreProgress {
  total: number;
  done: number;
  report: RestoreReport;
}

export interface RestoreOptions {
  /** `false`: reads everything, changes nothing, and reports what a restore would do. */
  apply: boolean;
  /** Continues after it. */
  position?: Position | undefined;
  /** The report of the part before `position`. */
  report?: RestoreReport | undefined;
  /** Called after each group of renders. */
  onGroup(position: Position, progress: RestoreProgress): Promise<void>;
  signal: AbortSignal;
}

/** Renders that are read and added together. A restore holds in memory one group, and the entries that were read with it. */
const GROUP_RENDERS = 500;
/** Entries that are read at the same time. */
const PARALLEL = 16;

/** The report of a restore that has read nothing. */
export const createReport = (): RestoreReport => ({
  read: 0,
  present: 0,
  added: { submit: 0, hold: 0, poll: 0, bury: 0 },
  cancels: 0,
  ended: 0,
  webhooks: 0,
  unreadable: 0,
});

/**
 * Adds every render that the queue has lost. It runs beside live traffic, and can be interrupted and repeated: the queue
 * keeps a job that it has.
 *
 * @returns what it did.
 * @throws {StoreError} when the store is away, the errors of the engine, and the signal's reason.
 */
export async function restoreQueue(deps: RestoreDeps, options: RestoreOptions): Promise<RestoreReport> {
  const { apply, position, onGroup, signal } = options;
  const { store } = deps;
  const report = options.report ?? createReport();
  const total =
    (await countKeys(store, JOURNAL_PREFIX, signal)) + (await countKeys(store, DEAD_LETTER_PREFIX, signal));
  let done = 0;
  const finishGroup = async (next: Position, candidates: Candidate[], objects: number) => {
    await restoreGroup(candidates, deps, { report, apply, signal });
    done += objects;
    await onGroup(next, { total: Math.max(total, done), done, report });
  };

  if (position?.phase !== 'dead-letters') {
    done = position ? await countKeys(store, JOURNAL_PREFIX, signal, position.after) : 0;
    for await (const { entries, after, objects } of readEntries(deps, report, position?.after, signal)) {
      const candidates = entries.flatMap(({ checkpoints }) =>
        checkpoints.map((first) => ({ renderId: first.renderId, first })),
      );
      await finishGroup({ phase: 'journal', after }, candidates, objects);
    }
  }
  const after = position?.phase === 'dead-letters' ? position.after : undefined;
  for await (const keys of listKeys(store, DEAD_LETTER_PREFIX, after, signal)) {
    const candidates = keys.map((key) => ({ renderId: key.slice(DEAD_LETTER_PREFIX.length) }));
    const last = keys.at(-1);
    if (last) await finishGroup({ phase: 'dead-letters', after: last }, candidates, keys.length);
  }
  return report;
}

/** The entries of the journal in groups of about {@link GROUP_RENDERS} renders. */
async function* readEntries(
  { store, log }: RestoreDeps,
  report: RestoreReport,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<{ entries: JournalEntry[]; after: string; objects: number }> {
  let entries: JournalEntry[] = [];
  let objects = 0;
  let last = after;
  const read = async (key: string) => {
    try {
      return await readEntry(store, key, { signal });
    } catch (error) {
      if (signal.aborted || isStoreAway(error)) throw error;
      report.unreadable += 1;
      log.error({ key, err: error }, 'restore: journal entry left out: unreadable');
      return undefined;
    }
  };
  const countRenders = () => entries.reduce((sum, { checkpoints }) => sum + checkpoints.length, 0);
  for await (const part of listEntries(store, { after, maxEntries: PARALLEL, signal })) {
    const found = await pMap(part, ({ key }) => read(key), { concurrency: PARALLEL, signal });
    // Entries are large after bulk calls: each of them may be a group.
    for (const [at, { key }] of part.entries()) {
      const entry = found[at];
      if (entry) entries.push(entry);
      objects += 1;
      last = key;
      if (countRenders() < GROUP_RENDERS) continue;
      yield { entries, after: last, objects };
      entries = [];
      objects = 0;
    }
  }
  if (last !== undefined && objects > 0) yield { entries, after: last, objects };
}

async function* listKeys(
  store: ObjectStore,
  prefix: string,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  for (let cursor = after; ; ) {
    const page = await store.list({
      prefix,
      limit: GROUP_RENDERS,
      signal,
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield page.objects.map(({ key }) => key);
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
}

/** The number of keys of a prefix, up to and including `until`. */
async function countKeys(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal,
  until?: string,
): Promise<number> {
  let count = 0;
  for await (const keys of listKeys(store, prefix, undefined, signal)) {
    const counted = until === undefined ? keys : keys.filter((key) => key <= until);
    count += counted.length;
    if (counted.length < keys.length) break;
  }
  return count;
}
