import { type CancelMarker, type Queues, serializedRenderJob, wakeRender } from '@darkroom/shared/queues';
import { DATA_VERSION, type SerializedCheckpoint } from '@darkroom/shared/render';
import pMap from 'p-map';

/** What is known of a render in the queue. `absent`: the queue does not have it. */
export type QueuedState = 'running' | 'ended' | 'absent';

/** Renders that are woken at the same time. */
const PARALLEL = 25;

/** The renders of a run of a catalogue. */
export function openRunRenders(queues: Queues) {
  return {
    /** Adds renders. One that exists stays. */
    add: async (checkpoints: readonly SerializedCheckpoint[]): Promise<void> => {
      await queues.render.addBulk(checkpoints.map(serializedRenderJob));
    },
    readState: async (renderId: string): Promise<QueuedState> => {
      const job = await queues.render.getJob(renderId);
      if (!job) return 'absent';
      return job.finishedOn ? 'ended' : 'running';
    },
    /** Makes renders buy nothing more. What they have bought is still stored. */
    stopPurchases: async (
      renderIds: readonly string[],
      stop: { tenant: string; requestedAt: number },
    ): Promise<void> => {
      const markers = renderIds.map(
        (renderId): CancelMarker => ({ version: DATA_VERSION, renderId, ...stop, onlyPurchases: true }),
      );
      await queues.cancel.addBulk(
        markers.map((data) => ({ name: 'cancel', data, opts: { jobId: data.renderId } })),
      );
      await pMap(markers, (marker) => wakeRender(queues, marker.renderId, marker), {
        concurrency: PARALLEL,
      });
    },
  };
}
