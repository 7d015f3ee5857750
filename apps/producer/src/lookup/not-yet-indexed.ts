import { ALL_TENANTS } from '@darkroom/shared/keys';
import pMap from 'p-map';
import type { RenderQueue } from '../backends/index.ts';
import { isAfter, type Position } from './position.ts';

/** How many jobs are read in parallel. */
const PARALLEL = 32;

/**
 * The renders of a tenant (`*`: of all tenants) that only the queue knows, in the order of the list. Some of them may be in the day index,
 * too. What was read of a job is cached while the job is listed: it never changes, and a caller that pages through a
 * long list needs it for every page.
 *
 * @returns lists them. Must be called before the day index is read: otherwise a render that moves from the queue to the
 * index in between is missed.
 */
export function createNotYetIndexed(queue: RenderQueue): (tenant: string) => Promise<Position[]> {
  let known = new Map<string, { tenant: string; position: Position }>();

  const read = async (renderId: string) => {
    const job = await queue.get(renderId);
    const { tenant, createdAt } = job?.data ?? {};
    // The job has left the queue meanwhile, or is no render.
    if (typeof tenant !== 'string' || typeof createdAt !== 'number') return undefined;
    return { tenant, position: { createdAt, renderId } };
  };

  return async (tenant) => {
    const before = known;
    const now: typeof known = new Map();
    await pMap(
      await queue.listNotYetIndexed(),
      async (renderId) => {
        const entry = before.get(renderId) ?? (await read(renderId));
        if (entry) now.set(renderId, entry);
      },
      { concurrency: PARALLEL },
    );
    known = now;
    return [...now.values()]
      .filter((entry) => tenant === ALL_TENANTS || entry.tenant === tenant)
      .map((entry) => entry.position)
      .sort((one, other) => (isAfter(one, other) ? 1 : -1));
  };
}
