import { iterateNewestFirst } from './backlog.ts';
import { walkDayIndex } from './day-index.ts';
import { createNotYetIndexed } from './not-yet-indexed.ts';
import { fillPage, type ListDeps, type ListedPage, type ListQuery } from './page.ts';
import { END_OF_MILLISECOND, isAfter, type Position } from './position.ts';

/** How far the clocks of producers may differ. */
const MAX_SKEW_MS = 300_000;

export type ListRenders = (query: ListQuery) => Promise<ListedPage>;

/**
 * Lists the renders of a tenant, or of all tenants. Renders that a worker has picked up are in the day index; the others are in the queue.
 * A caller that follows `next` to the end gets every render that existed at the beginning exactly once. The filters
 * apply to each render's present state.
 *
 * Throws {@link EngineError} and {@link StoreError} when the queue or the store is away.
 */
export function createRenderList(deps: ListDeps): ListRenders {
  const listNotYetIndexed = createNotYetIndexed(deps.lookup.queue, deps.clock);
  return async (query) => {
    const after = findStart(query, deps.clock.now());
    const notBefore = query.createdAfter ?? 0;
    const waiting = iterateNewestFirst(await listNotYetIndexed(query.tenant), after, notBefore);
    const indexed = walkDayIndex(deps.store, { tenant: query.tenant, after, notBefore });
    return await fillPage(deps, query, mergePositions(waiting, indexed, notBefore));
  };
}

/** The latest of the possible starts. A start in the far future would have to be walked back day by day. */
function findStart({ after, createdBefore }: ListQuery, now: number): Position {
  const starts: Position[] = [{ createdAt: now + MAX_SKEW_MS, renderId: END_OF_MILLISECOND }];
  // `createdBefore` is exclusive: the renders of that millisecond are skipped.
  if (createdBefore !== undefined) starts.push({ createdAt: createdBefore, renderId: END_OF_MILLISECOND });
  if (after) starts.push(after);
  return starts.reduce((last, one) => (isAfter(one, last) ? one : last));
}

async function* mergePositions(
  waiting: Generator<Position, void, void>,
  indexed: AsyncGenerator<Position, void, void>,
  notBefore: number,
): AsyncGenerator<Position, void, void> {
  let { value: next } = waiting.next();
  for await (const entry of indexed) {
    if (entry.createdAt < notBefore) break;
    while (next && isAfter(entry, next)) {
      yield next;
      next = waiting.next().value;
    }
    if (next?.renderId === entry.renderId) next = waiting.next().value;
    yield entry;
  }
  if (next) yield next;
  yield* waiting;
}
