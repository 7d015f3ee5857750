import { type Queues, wakeRender } from '@darkroom/shared/queues';
import { NewerDataError, upgradePersisted } from '@darkroom/shared/render';
import type { Logger } from '@darkroom/shared/runtime';

/** Markers that one sweep reads. A marker is seldom older than a second. */
const MAX_MARKERS = 500;

/**
 * Wakes the renders that have a cancel marker. The producer may have died between marker and wake, or a run may have gone
 * to wait just then. Markers of renders that have ended are removed. Markers of a newer Darkroom are left alone.
 */
export async function sweepCancelMarkers(queues: Queues, log: Logger): Promise<void> {
  for (const marker of await queues.cancel.getWaiting(0, MAX_MARKERS - 1)) {
    const renderId = marker?.data.renderId;
    if (renderId === undefined || isNewer(marker?.data)) continue;
    const found = await wakeRender(queues, renderId);
    if (found === 'woken') log.info({ renderId }, 'render woken: it has a cancel marker');
  }
}

function isNewer(data: unknown): boolean {
  try {
    upgradePersisted('cancel-marker', data);
    return false;
  } catch (error) {
    if (error instanceof NewerDataError) return true;
    throw error;
  }
}
