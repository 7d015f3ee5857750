import { type ObjectStore } from '@darkroom/shared/object-store';
import { dayIndexKey, dayIndexPrefix, readDayIndexKey } from '@darkroom/shared/render';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { END_OF_MILLISECOND, type Position } from './position.ts';

const DAY_MS = 86_400_000;

/** Entries per call to the store. */
const PAGE_SIZE = 250;
/** How many days are read in parallel after empty days. */
const MAX_PARALLEL_DAYS = 16;

export interface DayIndexWalk {
  tenant: string;
  /** Where the walk starts. */
  after: Position;
  /** Unix milliseconds. The walk ends with the day that contains it. */
  notBefore: number;
}

/**
 * The day index of a tenant, newest first, back to the first day that has entries. After each day it yields the start
 * of that day with {@link END_OF_MILLISECOND}: a page can end there, even in a row of empty days.
 *
 * Throws {@link StoreError} `unavailable`.
 */
export async function* walkDayIndex(
  store: ObjectStore,
  walk: DayIndexWalk,
): AsyncGenerator<Position, void, void> {
  const from = toDay(walk.after.createdAt);
  let lowest = toDay(walk.notBefore);
  let parallel = 1;
  for (let day = from; day >= lowest; ) {
    const days = Array.from({ length: Math.min(parallel, day - lowest + 1) }, (_, back) => day - back);
    const pages = await pMap(days, (one) =>
      listDay(store, walk, one, one === from ? startKey(walk) : undefined),
    );
    for (const [at, one] of days.entries()) {
      for (let page = pages[at]; page; ) {
        yield* page.positions;
        page = page.cursor === undefined ? undefined : await listDay(store, walk, one, page.cursor);
      }
      yield { createdAt: one * DAY_MS, renderId: END_OF_MILLISECOND };
    }
    if (day === from) lowest = Math.max(lowest, await findFirstDay(store, from));
    day -= days.length;
    parallel = Math.min(parallel * 2, MAX_PARALLEL_DAYS);
  }
}

const toDay = (time: number) => Math.floor(time / DAY_MS);

const startKey = ({ tenant, after }: DayIndexWalk) => dayIndexKey(tenant, after.createdAt, after.renderId);

async function listDay(
  store: ObjectStore,
  { tenant }: DayIndexWalk,
  day: number,
  cursor: string | undefined,
) {
  const prefix = dayIndexPrefix(tenant, day * DAY_MS);
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.list({ prefix, limit: PAGE_SIZE, signal, ...(cursor === undefined ? {} : { cursor }) }),
  );
  const positions = page.objects.flatMap(({ key }) => readDayIndexKey(key) ?? []);
  return { positions, cursor: page.cursor };
}

/** The first day that has entries of any tenant. @returns `fallback` when there are no entries. */
async function findFirstDay(store: ObjectStore, fallback: number): Promise<number> {
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.list({ prefix: 'by-day/', limit: 1, signal }),
  );
  const date = page.objects[0]?.key.slice('by-day/'.length, 'by-day/2026-11-22'.length);
  const time = date ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? fallback : toDay(time);
}
