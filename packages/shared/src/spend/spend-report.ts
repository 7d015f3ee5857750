import type { SpendGroupKind } from '@darkroom/api';
import type { ObjectStore } from '../object-store/index.ts';
import { type Cost, readSpendKey, SPEND_PREFIX, type SpendEntry, utcDay } from '../render/index.ts';

export interface SpendQuery {
  /** UTC days, both inclusive: `2026-11-26`. */
  from: string;
  to: string;
  tenant?: string | undefined;
  run?: string | undefined;
  model?: string | undefined;
  resolution?: string | undefined;
}

/** The sum of some entries. */
export interface SpendGroup extends Cost {
  /** The value that they have in common. `undefined`: renders without a run. */
  key: string | undefined;
  /** Renders with a purchase. A render that was bought on two days is in both days. */
  renders: number;
}

const DAY_MS = 86_400_000;

function* listDays(from: string, to: string): Generator<string> {
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) yield utcDay(at);
}

/**
 * The entries of the spend index that match. Only keys are listed: 1,000 per request. Memory holds one render's entries at
 * a time. Throws {@link StoreError}.
 */
export async function* listSpend(
  store: ObjectStore,
  query: SpendQuery,
  signal?: AbortSignal,
): AsyncGenerator<SpendEntry, void, void> {
  for (const day of listDays(query.from, query.to)) {
    const prefix = `${SPEND_PREFIX}${day}/${query.tenant === undefined ? '' : `${query.tenant}/`}`;
    // All entries of a render on a day follow each other.
    let last: SpendEntry | undefined;
    for (let cursor: string | undefined; ; ) {
      const page = await store.list({ prefix, ...(cursor ? { cursor } : {}), ...(signal ? { signal } : {}) });
      for (const { key } of page.objects) {
        const entry = readSpendKey(key);
        if (!entry) continue;
        if (last && last.renderId === entry.renderId) last = pickLatest(last, entry);
        else {
          if (last && matches(last, query)) yield last;
          last = entry;
        }
      }
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    if (last && matches(last, query)) yield last;
  }
}

/** A crash can leave an entry with older amounts. */
const pickLatest = (one: SpendEntry, other: SpendEntry): SpendEntry =>
  (one.finishedAt - other.finishedAt || countKnown(one) - countKnown(other)) > 0 ? one : other;

/** Between two writes of an end, purchases only become accepted, and then refunded. */
const countKnown = ({ outcomes }: SpendEntry) =>
  [...outcomes].reduce((sum, letter) => sum + (letter === 'r' ? 2 : letter === 'a' ? 1 : 0), 0);

const matches = (entry: SpendEntry, { run, model, resolution }: SpendQuery) =>
  (run === undefined || entry.run === run) &&
  (model === undefined || entry.model === model) &&
  (resolution === undefined || entry.resolution === resolution);

/**
 * Sums the matching entries by each of `kinds`. The most expensive group is first; days are in order. Throws
 * {@link StoreError}.
 */
export async function sumSpend<K extends SpendGroupKind>(
  store: ObjectStore,
  query: SpendQuery,
  kinds: readonly K[],
  signal?: AbortSignal,
): Promise<{ total: Omit<SpendGroup, 'key'>; groups: Record<K, SpendGroup[]> }> {
  const total = createGroup(undefined);
  const tallies = kinds.map((kind) => ({ kind, groups: new Map<string | undefined, SpendGroup>() }));
  for await (const entry of listSpend(store, query, signal)) {
    addEntry(total, entry);
    for (const { kind, groups } of tallies) {
      const group = groups.get(entry[kind]) ?? createGroup(entry[kind]);
      groups.set(group.key, group);
      addEntry(group, entry);
    }
  }
  const sorted = tallies.map(({ kind, groups }) => [kind, sortGroups(kind, [...groups.values()])]);
  return { total, groups: Object.fromEntries(sorted) as Record<K, SpendGroup[]> };
}

const createGroup = (key: string | undefined): SpendGroup => ({
  key,
  renders: 0,
  spentMicros: 0,
  refundedMicros: 0,
  possiblySpentMicros: 0,
});

function addEntry(group: SpendGroup, entry: Cost): void {
  group.renders += 1;
  group.spentMicros += entry.spentMicros;
  group.refundedMicros += entry.refundedMicros;
  group.possiblySpentMicros += entry.possiblySpentMicros;
}

function sortGroups(kind: SpendGroupKind, groups: SpendGroup[]): SpendGroup[] {
  if (kind === 'day') return groups.toSorted((one, other) => ((one.key ?? '') < (other.key ?? '') ? -1 : 1));
  const weight = ({ spentMicros, possiblySpentMicros }: SpendGroup) => spentMicros + possiblySpentMicros;
  return groups.toSorted((one, other) => weight(other) - weight(one));
}

/** The first day of the index. Receipts of earlier releases are not in it. `undefined`: the index is empty. */
export async function readSpendStart(store: ObjectStore, signal?: AbortSignal): Promise<string | undefined> {
  const { objects } = await store.list({ prefix: SPEND_PREFIX, limit: 1, ...(signal ? { signal } : {}) });
  const [first] = objects;
  return first && readSpendKey(first.key)?.day;
}
