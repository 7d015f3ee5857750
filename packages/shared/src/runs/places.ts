import type { RenderStatus } from '@darkroom/api';
import type { TalliedRender } from '../engine/index.ts';
import { type Checkpoint, type Receipt, type RunEndEntry, sumCost } from '../render/index.ts';
import { STEP_STATUS } from '../snapshot/index.ts';

/**
 * Where a render stands that has not ended, or runs again.
 *
 * @param ends how often it has ended
 */
export function placeCheckpoint(checkpoint: Checkpoint, ends: number): TalliedRender {
  const { renderId, at, purchases } = checkpoint;
  return { renderId, place: 2 * ends + 1, status: statusAt(at), ...sumCost(purchases) };
}

function statusAt(at: Checkpoint['at']): RenderStatus {
  const step = at.step === 'bury' ? at.resume.step : at.step === 'cancel' ? at.from : at.step;
  return STEP_STATUS[step];
}

/** Where a render stands that has ended. */
export const placeReceipt = (receipt: Receipt): TalliedRender => ({
  renderId: receipt.renderId,
  place: 2 * ((receipt.priorEnds ?? 0) + 1),
  status: receipt.status,
  ...receipt.cost,
  endedAt: receipt.finishedAt,
});

/** The same, from the key of its end. A render that a redrive runs again is queued. */
export function placeEnd(entry: RunEndEntry): TalliedRender {
  const { renderId, end, status, isRedriven, finishedAt } = entry;
  const { spentMicros, refundedMicros, possiblySpentMicros } = entry;
  const amounts = { spentMicros, refundedMicros, possiblySpentMicros };
  return isRedriven
    ? { renderId, place: 2 * end + 1, status: 'queued', ...amounts }
    : { renderId, place: 2 * end, status, ...amounts, endedAt: finishedAt };
}
