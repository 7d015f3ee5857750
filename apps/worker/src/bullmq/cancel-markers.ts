import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CancelMarker, dropCancelMarker, type Queues } from '@darkroom/shared/queues';
import { upgradePersisted } from '@darkroom/shared/render';
import type { JobType } from 'bullmq';

/** The states of a job in a queue without a worker. On PGlite, BullMQ counts jobs of a paused queue as a type that `JobType` lacks. */
const WAITING = ['waiting', 'paused'] as JobType[];

/**
 * The cancel markers. They lie in a queue without a worker, under the ids of their renders.
 *
 * Usually there is no marker at all, so their number is read first: once for all renders that ask in the same turn of the
 * event loop. It is read after the last of them has asked.
 */
export function openCancelMarkers(queues: Queues) {
  let reading: Promise<boolean> | undefined;
  const hasMarkers = (): Promise<boolean> => {
    reading ??= nextTurn().then(async () => {
      reading = undefined;
      return (await queues.cancel.getJobCountByTypes(...WAITING)) > 0;
    });
    return reading;
  };
  return {
    find: async (renderId: string): Promise<CancelMarker | undefined> => {
      const job = (await hasMarkers()) ? await queues.cancel.getJob(renderId) : undefined;
      return job && (upgradePersisted('cancel-marker', job.data) as CancelMarker);
    },
    remove: async (renderId: string): Promise<void> => {
      if (await hasMarkers()) await dropCancelMarker(queues, renderId);
    },
  };
}
