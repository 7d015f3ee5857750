import type { Engine } from '@darkroom/shared/engine';
import { type CancelMarker, QUEUE, type Queues, wakeRender } from '@darkroom/shared/queues';
import { NewerDataError, upgradePersisted } from '@darkroom/shared/render';
import type { Logger } from '@darkroom/shared/runtime';
import { isEngineError } from '../stage/index.ts';

/** Markers that are read in one round trip. */
const PAGE = 500;

export interface SweepCancelMarkersDeps {
  engine: Pick<Engine, 'readJobTexts'>;
  queues: Queues;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Wakes all renders that have a cancel marker. The producer may have died between marker and wake, or a run may have gone
 * to wait just then. Markers of renders that have ended are removed. Markers of a newer Darkroom are left alone.
 *
 * @returns how many renders it woke.
 */
export async function sweepCancelMarkers(deps: SweepCancelMarkersDeps): Promise<number> {
  const { engine, queues, signal } = deps;
  // All ids at once: the sweep removes markers, so a later page would start too late.
  let woken = 0;
  const ids = await queues.cancel.getRanges(['waiting'], 0, -1, true);
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = ids.slice(from, from + PAGE);
    const markers = await engine.readJobTexts(QUEUE.cancel, page);
    for (const [index, renderId] of page.entries()) {
      signal.throwIfAborted();
      const marker = markers[index];
      if (marker !== undefined && (await sweepMarker(renderId, marker, deps))) woken += 1;
    }
  }
  return woken;
}

const readMarker = (text: string) => upgradePersisted('cancel-marker', JSON.parse(text)) as CancelMarker;

/** @returns whether it woke the render. */
async function sweepMarker(
  renderId: string,
  marker: string,
  { queues, log }: SweepCancelMarkersDeps,
): Promise<boolean> {
  try {
    const found = await wakeRender(queues, renderId, readMarker(marker));
    if (found === 'woken') log.info({ renderId }, 'render woken: it has a cancel marker');
    return found === 'woken';
  } catch (error) {
    if (isEngineError(error)) throw error;
    // The sweep of a newer worker reads the marker.
    if (!(error instanceof NewerDataError))
      log.error({ renderId, err: error }, 'cancel marker skipped: unexpected error');
    return false;
  }
}
