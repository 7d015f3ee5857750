import { ALL_TENANTS } from '@darkroom/shared/keys';
import { shareRuns } from '@darkroom/shared/runtime';
import type { RenderQueue } from '../backends/index.ts';
import { isAfter, type Position } from './position.ts';

/** How many jobs are read in one round trip. */
const BATCH = 500;

interface QueuedRender {
  tenant: string;
  position: Position;
}

/**
 * The renders of a tenant (`*`: of all tenants) that only the queue knows, in the order of the list. Some of them may be
 * in the day index, too. The queue has no index by tenant, so the ids of all tenants are read. What was read of a job is
 * cached while the job is listed: it never changes. Callers that come at the same time share one read, so that many
 * callers with a long queue cost no more than one.
 *
 * @returns lists them. Must be called before the day index is read: otherwise a render that moves from the queue to the
 * index in between is missed.
 */
export function createNotYetIndexed(queue: RenderQueue): (tenant: string) => Promise<Position[]> {
  let known = new Map<string, QueuedRender>();

  const refresh = async () => {
    const listed = new Map<string, QueuedRender>();
    const unread: string[] = [];
    for (const renderId of await queue.listNotYetIndexed()) {
      const render = known.get(renderId);
      if (render) listed.set(renderId, render);
      else unread.push(renderId);
    }
    for (let start = 0; start < unread.length; start += BATCH) {
      const batch = unread.slice(start, start + BATCH);
      const data = await queue.readData(batch);
      for (const [at, renderId] of batch.entries()) {
        const render = toQueuedRender(renderId, data[at]);
        if (!render) continue;
        listed.set(renderId, render);
        // When a later batch fails, the next call continues here.
        known.set(renderId, render);
      }
    }
    known = listed;
    return listed;
  };
  const shareRefresh = shareRuns(refresh);

  return async (tenant) => {
    const positions: Position[] = [];
    for (const render of (await shareRefresh()).values()) {
      if (tenant === ALL_TENANTS || render.tenant === tenant) positions.push(render.position);
    }
    return positions.sort((one, other) => (isAfter(one, other) ? 1 : -1));
  };
}

/** @returns `undefined` for a job that has left the queue meanwhile, or is no render. */
function toQueuedRender(renderId: string, data: unknown): QueuedRender | undefined {
  const { tenant, createdAt } = (data ?? {}) as { tenant?: unknown; createdAt?: unknown };
  if (typeof tenant !== 'string' || typeof createdAt !== 'number') return undefined;
  return { tenant, position: { createdAt, renderId } };
}
