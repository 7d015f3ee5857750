import { type Clock, shareRuns } from '@darkroom/shared/runtime';
import type { QueuePlaces, RenderQueue } from '../backends/index.ts';
import { type Backlog, createBacklog, type QueuedRender } from './backlog.ts';
import { type Position } from './position.ts';

/** How many jobs are read in one round trip. */
const BATCH = 500;
/** After this time the whole queue is read again, in the background. It takes at most a twentieth of the time. */
const REREAD_AFTER_MS = 10_000;
const REREAD_SHARE = 20;

/**
 * The renders of a tenant (`*`: of all tenants) that only the queue knows, the oldest first. Some of them may be in the
 * day index, too, or may have ended. The queue has no index by tenant, so this process keeps one of the jobs that wait.
 * Each call reads only what was added since the call before. What was read of a job never changes.
 *
 * From time to time the whole queue is read again: renders that have left it are forgotten, and renders are found that
 * this process did not see while they waited and that the day index lacks, because the store was away in their first run.
 *
 * @returns lists them. Must be called before the day index is read: otherwise a render that moves from the queue to the
 * index in between is missed.
 */
export function createNotYetIndexed(
  queue: Pick<RenderQueue, 'listNotYetIndexed' | 'readData'>,
  clock: Pick<Clock, 'now'>,
): (tenant: string) => Promise<readonly Position[]> {
  let backlog = createBacklog();
  let places: QueuePlaces | undefined;
  let rereadAt = 0;
  let isRereading = false;

  const reread = async () => {
    const startedAt = clock.now();
    const sizeBefore = backlog.renders.size;
    const next = createBacklog();
    const { ids } = await queue.listNotYetIndexed();
    next.add(ids.flatMap((id) => backlog.renders.get(id) ?? []));
    await readInto(next, queue, ids);
    // What was added to the old one meanwhile. A map keeps the order of additions.
    next.add([...backlog.renders.values()].slice(sizeBefore));
    backlog = next;
    scheduleReread(clock.now() - startedAt);
  };
  const scheduleReread = (tookMs: number) => {
    rereadAt = clock.now() + Math.max(REREAD_AFTER_MS, tookMs * REREAD_SHARE);
  };
  const rereadInBackground = () => {
    isRereading = true;
    reread()
      // The next call tries again.
      .catch(() => undefined)
      .finally(() => (isRereading = false));
  };

  const refresh = async () => {
    const isFirst = places === undefined;
    const added = await queue.listNotYetIndexed(places);
    await readInto(backlog, queue, added.ids);
    places = added.places;
    if (isFirst) scheduleReread(0);
    else if (clock.now() >= rereadAt && !isRereading) rereadInBackground();
  };
  const shareRefresh = shareRuns(refresh);
  // The first read of a long queue takes seconds. When it fails, the first call reads.
  shareRefresh().catch(() => undefined);

  return async (tenant) => {
    await shareRefresh();
    return backlog.listOldestFirst(tenant);
  };
}

/** Reads the jobs that a backlog lacks. When a later batch fails, the backlog has the batches before it. */
async function readInto(
  backlog: Backlog,
  queue: Pick<RenderQueue, 'readData'>,
  ids: readonly string[],
): Promise<void> {
  const unread = ids.filter((id) => !backlog.renders.has(id));
  for (let start = 0; start < unread.length; start += BATCH) {
    const batch = unread.slice(start, start + BATCH);
    const data = await queue.readData(batch);
    backlog.add(batch.flatMap((id, at) => toQueuedRender(id, data[at]) ?? []));
  }
}

/** @returns `undefined` for a job that has left the queue meanwhile, or is no render. */
function toQueuedRender(renderId: string, data: unknown): QueuedRender | undefined {
  const { tenant, createdAt } = (data ?? {}) as { tenant?: unknown; createdAt?: unknown };
  if (typeof tenant !== 'string' || typeof createdAt !== 'number') return undefined;
  return { tenant, createdAt, renderId };
}
