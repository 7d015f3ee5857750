import pMap from 'p-map';
import type { RenderQueue } from '../backends/index.ts';
import { isAfter, type Position } from './position.ts';

/** Jobs that are read side by side. */
const PARALLEL = 32;

/**
 * The renders of a tenant that only the queue knows yet, in the order of the list; among them some that the day index
 * knows, too. What was read of a job is remembered while it is among them: it never changes, and a walk through a long
 * list comes back again and again.
 *
 * @returns looks; must be asked before the day index, so that a render on its way from here to there is not missed.
 */
export function createNotYetIndexed(queue: RenderQueue): (tenant: string) => Promise<Position[]> {
  let known = new Map<string, { tenant: string; position: Position }>();

  const read = async (renderId: string) => {
    const job = await queue.get(renderId);
    const { tenant, createdAt } = job?.data ?? {};
    // Gone meanwhile, or not a render.
    if (typeof tenant !== 'string' || typeof createdAt !== 'number') return undefined;
    return { tenant, position: { createdAt, renderId } };
  };

  return async (tenant) => {
    const before = known;
    const now: typeof known = new Map();
    await pMap(
      await queue.listNotYetIndexed(),
      async (renderId) => {
        const fact = before.get(renderId) ?? (await read(renderId));
        if (fact) now.set(renderId, fact);
      },
      { concurrency: PARALLEL },
    );
    known = now;
    return [...now.values()]
      .filter((fact) => fact.tenant === tenant)
      .map((fact) => fact.position)
      .sort((one, other) => (isAfter(one, other) ? 1 : -1));
  };
}
