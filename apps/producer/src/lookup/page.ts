import type { RenderStatus } from '@darkroom/api';
import { EngineError } from '@darkroom/shared/engine';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import { findRender, type LookupDeps } from './find.ts';
import { END_OF_MILLISECOND, type Position } from './position.ts';

export interface ListQuery {
  tenant: string;
  statuses?: readonly RenderStatus[] | undefined;
  run?: string | undefined;
  /** Unix milliseconds, it included. */
  createdAfter?: number | undefined;
  /** Unix milliseconds, it excluded. */
  createdBefore?: number | undefined;
  /** Where the last page ended. */
  after?: Position | undefined;
  limit: number;
}

export interface ListedPage {
  snapshots: RenderSnapshot[];
  /** Where to go on; absent on the last page. */
  next?: Position;
}

export interface ListDeps {
  lookup: LookupDeps;
  store: ObjectStore;
  clock: Clock;
  /** Told of a render that cannot be read: one must not hide all others. */
  onUnreadable(renderId: string, error: unknown): void;
}

/** What one request may cost: looking at an entry is 1, a day 10. Then the page ends, however short it is. */
const MAX_COST = 1_000;
const COST = { entry: 1, day: 10 };
/** Entries looked at side by side. */
const PARALLEL = 16;
/** Looked at together while a filter may refuse most of them. */
const FILTERED_BATCH = 64;

/** Looks up how the renders of a page stand, until it is full, nothing is left, or it has cost enough. */
export async function fillPage(
  deps: ListDeps,
  query: ListQuery,
  source: AsyncGenerator<Position, void, void>,
): Promise<ListedPage> {
  const snapshots: RenderSnapshot[] = [];
  const filtered = query.statuses !== undefined || query.run !== undefined;
  for (let cost = 0; ; ) {
    const batch = await takePositions(source, filtered ? FILTERED_BATCH : query.limit - snapshots.length);
    const found = await pMap(batch, (position) => readSnapshot(deps, query, position), {
      concurrency: PARALLEL,
    });
    for (const [at, position] of batch.entries()) {
      const snapshot = found[at];
      if (snapshot && matches(snapshot, query)) snapshots.push(snapshot);
      cost += position.renderId === END_OF_MILLISECOND ? COST.day : COST.entry;
      if (snapshots.length < query.limit) continue;
      const over = at === batch.length - 1 && (await isExhausted(source));
      return { snapshots, ...(over ? {} : { next: position }) };
    }
    const last = batch.at(-1);
    if (!last) return { snapshots };
    if (cost >= MAX_COST) return { snapshots, next: last };
  }
}

/** Up to so many; none when there are no more. */
async function takePositions(
  source: AsyncGenerator<Position, void, void>,
  count: number,
): Promise<Position[]> {
  const taken: Position[] = [];
  while (taken.length < count) {
    const { value, done } = await source.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

/** Whether it is sure that nothing comes. Two days without a render are not worth more looks. */
async function isExhausted(source: AsyncGenerator<Position, void, void>): Promise<boolean> {
  const ahead = await takePositions(source, 3);
  return ahead.length < 3 && ahead.every((position) => position.renderId === END_OF_MILLISECOND);
}

async function readSnapshot(
  { lookup, onUnreadable }: ListDeps,
  { tenant }: ListQuery,
  { renderId, createdAt }: Position,
): Promise<RenderSnapshot | undefined> {
  if (renderId === END_OF_MILLISECOND) return undefined;
  const snapshot = await findRender(lookup, tenant, renderId).catch((error: unknown) => {
    if (error instanceof EngineError || error instanceof StoreError) throw error;
    onUnreadable(renderId, error);
  });
  // The same id may have been entered twice, when a queue was lost in between: one of them counts.
  return snapshot && snapshot.createdAt === createdAt ? snapshot : undefined;
}

const matches = (snapshot: RenderSnapshot, { statuses, run }: ListQuery) =>
  (statuses === undefined || statuses.includes(snapshot.status)) &&
  (run === undefined || snapshot.request.run === run);
