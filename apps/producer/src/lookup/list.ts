import { walkDayIndex } from './day-index.ts';
import { createNotYetIndexed } from './not-yet-indexed.ts';
import { fillPage, type ListDeps, type ListedPage, type ListQuery } from './page.ts';
import { END_OF_MILLISECOND, isAfter, type Position } from './position.ts';

/** Milliseconds that the clocks of producers may differ by. */
const SKEW_MS = 300_000;

export type ListRenders = (query: ListQuery) => Promise<ListedPage>;

/**
 * Lists renders: those that a worker has picked up from the day index, the others from the queue. Whoever follows
 * `next` to the end meets every render that was there at the beginning, once. How each stands is looked up, and what
 * filters ask is asked of that.
 *
 * Throws {@link EngineError} and {@link StoreError} when either is away.
 */
export function createRenderList(deps: ListDeps): ListRenders {
  const unentered = createNotYetIndexed(deps.lookup.queue);
  return async (query) => {
    const after = findStart(query, deps.clock.now());
    const notBefore = query.createdAfter ?? 0;
    const waiting = (await unentered(query.tenant)).filter(
      (position) => isAfter(position, after) && position.createdAt >= notBefore,
    );
    const days = walkDayIndex(deps.store, { tenant: query.tenant, after, notBefore });
    return await fillPage(deps, query, mergePositions(waiting, days, notBefore));
  };
}

/** A time far ahead would be a long way back, day by day. */
function findStart({ after, createdBefore }: ListQuery, now: number): Position {
  const starts: Position[] = [{ createdAt: now + SKEW_MS, renderId: END_OF_MILLISECOND }];
  // All of that very millisecond is behind us.
  if (createdBefore !== undefined) starts.push({ createdAt: createdBefore, renderId: END_OF_MILLISECOND });
  if (after) starts.push(after);
  return starts.reduce((last, one) => (isAfter(one, last) ? one : last));
}

async function* mergePositions(
  waiting: Position[],
  days: AsyncGenerator<Position, void, void>,
  notBefore: number,
): AsyncGenerator<Position, void, void> {
  let at = 0;
  for await (const entry of days) {
    if (entry.createdAt < notBefore) break;
    for (let next = waiting[at]; next && isAfter(entry, next); next = waiting[at]) {
      yield next;
      at++;
    }
    if (waiting[at]?.renderId === entry.renderId) at++;
    yield entry;
  }
  yield* waiting.slice(at);
}
