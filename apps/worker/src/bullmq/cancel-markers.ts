import { setImmediate as turn } from 'node:timers/promises';
import { type CancelMarker, dropCancelMarker, type Queues } from '@darkroom/shared/queues';
import type { JobType } from 'bullmq';

/** Where a job is that nobody works on. On PGlite, BullMQ counts those of a paused queue by a type that it does not name. */
const ANYWHERE = ['waiting', 'paused'] as JobType[];

/**
 * Who wants to be stopped. Markers lie in a queue that nobody works on; its job ids are the renders'.
 *
 * Nearly always there is none at all. So that is asked first, once for all renders that look in the same turn of the
 * event loop; the question is sent after the last of them has asked.
 */
export function openCancelMarkers(queues: Queues) {
  let asking: Promise<boolean> | undefined;
  const anybody = (): Promise<boolean> => {
    asking ??= turn().then(async () => {
      asking = undefined;
      return (await queues.cancel.getJobCountByTypes(...ANYWHERE)) > 0;
    });
    return asking;
  };
  return {
    find: async (renderId: string): Promise<CancelMarker | undefined> =>
      (await anybody()) ? (await queues.cancel.getJob(renderId))?.data : undefined,
    remove: async (renderId: string): Promise<void> => {
      if (await anybody()) await dropCancelMarker(queues, renderId);
    },
  };
}
