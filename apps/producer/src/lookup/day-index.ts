import { ALL_TENANTS } from '@darkroom/shared/keys';
import { type ObjectStore } from '@darkroom/shared/object-store';
import {
  DAY_INDEX_PREFIX,
  dayIndexKey,
  dayIndexPrefix,
  dayPrefix,
  readDayIndexKey,
} from '@darkroom/shared/render';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { END_OF_MILLISECOND, isAfter, type Position } from './position.ts';

const DAY_MS = 86_400_000;

/** Entries of the first call to the store for a tenant's day, and of further calls. */
const PAGE_SIZE = { first: 250, next: 1_000 };
/** How many tenants are read in parallel. */
const MAX_PARALLEL_TENANTS = 16;
/** How many days are read in parallel after empty days. */
const MAX_PARALLEL_DAYS = 16;

export interface DayIndexWalk {
  /** A tenant's name, or {@link ALL_TENANTS}. */
  tenant: string;
  /** Where the walk starts. */
  after: Position;
  /** Unix milliseconds. The walk ends with the day that contains it. */
  notBefore: number;
}

/**
 * The day index of a tenant or of all, newest first, back to the first day that has entries. After each day it yields the
 * start of that day with {@link END_OF_MILLISECOND}, once for each tenant that was read: a page can end there, even in a
 * row of empty days, and a day of many tenants costs more.
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
    const opened = await pMap(days, (one) => openDay(store, walk, one, one === from));
    for (const [at, one] of days.entries()) {
      const tenants = opened[at] ?? [];
      yield* mergeNewestFirst(tenants);
      for (let read = 0; read < Math.max(1, tenants.length); read++) {
        yield { createdAt: one * DAY_MS, renderId: END_OF_MILLISECOND };
      }
    }
    if (day === from) lowest = Math.max(lowest, await findFirstDay(store, from));
    day -= days.length;
    parallel = Math.min(parallel * 2, MAX_PARALLEL_DAYS);
  }
}

const toDay = (time: number) => Math.floor(time / DAY_MS);

type Positions = AsyncGenerator<Position, void, void>;

/** The entries of one day, per tenant. The first page of each is read. */
async function openDay(
  store: ObjectStore,
  { tenant, after }: DayIndexWalk,
  day: number,
  isFirst: boolean,
): Promise<Positions[]> {
  const tenants = tenant === ALL_TENANTS ? await listTenants(store, day) : [tenant];
  return await pMap(
    tenants,
    async (one) => {
      const start = isFirst ? dayIndexKey(one, after.createdAt, after.renderId) : undefined;
      return readTenantDay(store, one, day, await listDay(store, one, day, start, PAGE_SIZE.first));
    },
    { concurrency: MAX_PARALLEL_TENANTS },
  );
}

/** The tenants that have entries on a day. */
const listTenants = (store: ObjectStore, day: number): Promise<string[]> =>
  listFolders(store, dayPrefix(day * DAY_MS));

const listFolders = (store: ObjectStore, prefix: string) =>
  withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => store.listFolders({ prefix, signal }));

async function* readTenantDay(
  store: ObjectStore,
  tenant: string,
  day: number,
  first: Awaited<ReturnType<typeof listDay>>,
): Positions {
  for (let page = first; ; ) {
    yield* page.positions;
    if (page.cursor === undefined) return;
    page = await listDay(store, tenant, day, page.cursor, PAGE_SIZE.next);
  }
}

async function* mergeNewestFirst(sources: Positions[]): Positions {
  const read = async (source: Positions) => {
    const { value } = await source.next();
    return value ? [{ source, next: value }] : [];
  };
  let heads = (await Promise.all(sources.map(read))).flat();
  for (;;) {
    const [first, ...others] = heads;
    if (!first) return;
    const newest = others.reduce((best, one) => (isAfter(best.next, one.next) ? one : best), first);
    yield newest.next;
    const { value } = await newest.source.next();
    if (value) newest.next = value;
    else heads = heads.filter((head) => head !== newest);
  }
}

async function listDay(
  store: ObjectStore,
  tenant: string,
  day: number,
  cursor: string | undefined,
  limit: number,
) {
  const prefix = dayIndexPrefix(tenant, day * DAY_MS);
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.list({ prefix, limit, signal, ...(cursor === undefined ? {} : { cursor }) }),
  );
  const positions = page.objects.flatMap(({ key }) => readDayIndexKey(key) ?? []);
  return { positions, cursor: page.cursor };
}

/** The first day that has entries of any tenant. @returns `fallback` when there are no entries. */
async function findFirstDay(store: ObjectStore, fallback: number): Promise<number> {
  const [date] = await listFolders(store, DAY_INDEX_PREFIX);
  const time = date ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? fallback : toDay(time);
}
