import { announceChange, ControlStore } from '@darkroom/shared/control';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import type { Clock, Logger } from '@darkroom/shared/runtime';

/** The clock of another worker may be behind by this time. */
export const TOLERANCE_MS = 300_000;

/**
 * Deletes pauses whose end has passed, and passes of renders that have ended.
 *
 * @returns how many it deleted
 */
export async function sweepControl(deps: {
  store: ObjectStore;
  queues: Queues;
  clock: Pick<Clock, 'now'>;
  log: Logger;
  signal: AbortSignal;
}): Promise<number> {
  const { queues, clock, log, signal } = deps;
  const control = new ControlStore(deps.store);
  const { pauses, passes } = await control.readState({ signal });
  let deleted = 0;
  for (const { name, until } of pauses) {
    if (until === undefined || until + TOLERANCE_MS > clock.now()) continue;
    await control.removePause(name, { signal });
    log.info({ name }, 'pause deleted: its end has passed');
    deleted += 1;
  }
  for (const renderId of passes) {
    const job = await queues.render.getJob(renderId);
    const pass = job && !job.finishedOn ? undefined : await control.readPass(renderId, { signal });
    // A render that a restore has not added yet keeps its pass.
    if (!pass || pass.at + TOLERANCE_MS > clock.now()) continue;
    await control.removePass(renderId, { signal });
    deleted += 1;
  }
  if (deleted > 0) await announceChange(queues);
  return deleted;
}
