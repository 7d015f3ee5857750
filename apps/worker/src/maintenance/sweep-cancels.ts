import { type Queues, wakeRender } from '@darkroom/shared/queues';
import { type Logger } from '@darkroom/shared/runtime';

/** Markers a sweep looks at; one is seldom older than a second. */
const MOST = 500;

/**
 * Wakes the renders that are to stop once more: whoever put the marker may have died before waking them, or a run may
 * have gone to wait in just that moment. Markers of renders that ended go away.
 */
export async function sweepCancelMarkers(queues: Queues, log: Logger): Promise<void> {
  for (const marker of await queues.cancel.getWaiting(0, MOST - 1)) {
    const renderId = marker?.data.renderId;
    if (renderId === undefined) continue;
    const found = await wakeRender(queues, renderId);
    if (found === 'woken') log.info({ renderId }, 'a render that is to stop was woken');
  }
}
