import { type CancelMarker, dropCancelMarker, type Queues } from '@darkroom/shared';

/** Who wants to be stopped. Markers lie in a queue that nobody works on; its job ids are the renders'. */
export function cancelsOf(queues: Queues) {
  return {
    asked: async (renderId: string): Promise<CancelMarker | undefined> =>
      (await queues.cancel.getJob(renderId))?.data,
    forget: (renderId: string): Promise<void> => dropCancelMarker(queues, renderId),
  };
}
