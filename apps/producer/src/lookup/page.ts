import type { FailureCode, RenderStatus } from '@darkroom/api';
import { EngineError } from '@darkroom/shared/engine';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import { findRender, type LookupDeps } from './find.ts';
import { END_OF_MILLISECOND, type Position } from './position.ts';

export interface ListQuery {
  /** A tenant's name, or `*` for all tenants. */
  tenant: string;
  statuses?: readonly RenderStatus[] | undefined;
  run?: string | undefined;
  /** Failed with one of these codes. */
  codes?: readonly FailureCode[] | undefined;
  /** The id, run, prompt, a task id or a value of the metadata contains this text. Case does not matter. */
  text?: string | undefined;
  /** Only renders that wait for this cause. */
  waitsFor?: ((snapshot: RenderSnapshot) => Promise<boolean>) | undefined;
  /** Unix milliseconds, inclusive. */
  createdAfter?: number | undefined;
  /** Unix milliseconds, exclusive. */
  createdBefore?: number | undefined;
  /** The end of the previous page. */
  after?: Position | undefined;
  limit: number;
}

export interface ListedPage {
  snapshots: RenderSnapshot[];
  /** Where the next page starts. Absent on the last page. */
  next?: Position;
}

export interface ListDeps {
  lookup: LookupDeps;
  store: ObjectStore;
  clock: Clock;
  /** Called for a render that cannot be read. It is left out, so that it does not hide all others. */
  onUnreadable(renderId: string, error: unknown): void;
}

/** Maximum cost of one call: reading an entry costs 1, a day of a tenant 10. Then the page ends, even if it is short. */
const MAX_COST = 1_000;
const COST = { entry: 1, day: 10 };
/** How many entries are read in parallel. */
const PARALLEL = 16;
/** How many entries are read together when a filter may reject most of them. */
const FILTERED_BATCH = 64;

/** Reads the renders of one page, until the page is full, no render is left, or the maximum cost is reached. */
export async function fillPage(
  deps: ListDeps,
  query: ListQuery,
  source: AsyncGenerator<Position, void, void>,
): Promise<ListedPage> {
  const snapshots: RenderSnapshot[] = [];
  const { statuses, run, codes, text, waitsFor } = query;
  const filtered = [statuses, run, codes, text, waitsFor].some((filter) => filter !== undefined);
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

/** At most `count` positions. Fewer only at the end. */
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

/** Whether certainly no render follows. Reads at most two empty days to find out. */
async function isExhausted(source: AsyncGenerator<Position, void, void>): Promise<boolean> {
  const ahead = await takePositions(source, 3);
  return ahead.length < 3 && ahead.every((position) => position.renderId === END_OF_MILLISECOND);
}

async function readSnapshot(
  { lookup, onUnreadable }: ListDeps,
  { tenant, waitsFor }: ListQuery,
  { renderId, createdAt }: Position,
): Promise<RenderSnapshot | undefined> {
  if (renderId === END_OF_MILLISECOND) return undefined;
  const snapshot = await findRender(lookup, tenant, renderId).catch((error: unknown) => {
    if (error instanceof EngineError || error instanceof StoreError) throw error;
    onUnreadable(renderId, error);
  });
  // An id can have two entries, when the queue lost its data in between. Only the entry of the present job counts.
  if (!snapshot || snapshot.createdAt !== createdAt) return undefined;
  return waitsFor === undefined || (await waitsFor(snapshot)) ? snapshot : undefined;
}

const matches = (snapshot: RenderSnapshot, { statuses, run, codes, text }: ListQuery) =>
  (statuses === undefined || statuses.includes(snapshot.status)) &&
  (run === undefined || snapshot.request.run === run) &&
  (codes === undefined || (snapshot.error !== undefined && codes.includes(snapshot.error.code))) &&
  (text === undefined || containsText(snapshot, text.toLowerCase()));

function containsText({ renderId, request, purchases }: RenderSnapshot, wanted: string): boolean {
  const taskIds = purchases.flatMap(({ taskId }) => taskId ?? []);
  const values = Object.values(request.metadata ?? {}).map(String);
  const texts = [renderId, request.run ?? '', request.prompt, ...taskIds, ...values];
  return texts.some((one) => one.toLowerCase().includes(wanted));
}
