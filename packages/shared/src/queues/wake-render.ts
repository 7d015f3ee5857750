import type { JobState } from 'bullmq';
import { type Checkpoint, storeJobId, submitJobId } from '../render/index.ts';
import type { Queues } from './queues.ts';

/**
 * What waking a render found:
 * - `woken`: it waited, and runs now
 * - `busy`: it runs, or what it waits for does; it looks by itself before its next step
 * - `ended`: it has ended; the marker was in vain and is gone
 * - `absent`: the queue does not hold it; the marker is gone
 */
export type WakeResult = 'woken' | 'busy' | 'ended' | 'absent';

/**
 * Has a render look at its cancel marker now, wherever it waits. The marker must be in the queue before.
 *
 * - A delayed render (a look, a hold) is promoted.
 * - A submission that has not begun is taken out of its queue, and so is the bringing home of an image. This relies on
 *   BullMQ: removing the last pending child of a job in `waiting-children` puts that job back to wait, also when the
 *   child is delayed, rate limited or its queue paused; and an active child cannot be removed. A guarantee of the
 *   engines' conformance suite holds it there. The run that follows sees the marker before it would add the child anew.
 *
 * Who runs is not disturbed. Safe to call again; the workers' sweep does, for whoever died between marker and waking.
 * Throws what the engine throws.
 */
export async function wakeRender(queues: Queues, renderId: string): Promise<WakeResult> {
  const job = await queues.render.getJob(renderId);
  if (!job || job.finishedOn) {
    await dropCancelMarker(queues, renderId);
    return job ? 'ended' : 'absent';
  }
  if (await job.isDelayed()) {
    // Somebody else may be faster, the clock for one.
    return job.promote().then(
      () => 'woken',
      () => 'busy',
    );
  }
  return (await withdrawChild(queues, job.data)) ? 'woken' : 'busy';
}

function withdrawChild(queues: Queues, { at, renderId, attempt }: Checkpoint): Promise<boolean> {
  if (at.step === 'submit') return withdrawSubmission(queues, submitJobId(renderId, attempt));
  if (at.step === 'store') return withdrawStoreJob(queues, storeJobId(renderId, attempt));
  return Promise.resolve(false);
}

/**
 * Takes a submission out of its queue that was not begun. The marker must be there before: a submission looks for it
 * right before it spends, so that one which starts after this look spends nothing.
 *
 * @returns false where it runs, has ended, is not there, or holds a task id that the ledger does not know yet (I3).
 */
export async function withdrawSubmission(queues: Queues, childId: string): Promise<boolean> {
  if (!isWaiting(await queues.submit.getJobState(childId))) return false;
  // Read after its state: what ran before that has written its task id by now.
  const child = await queues.submit.getJob(childId);
  if (!child || child.data.accepted) return false;
  return (await queues.submit.remove(childId)) === 1;
}

/** Takes the bringing home of an image out of its queue: what was not begun, and what waits for another try. */
async function withdrawStoreJob(queues: Queues, childId: string): Promise<boolean> {
  return isWaiting(await queues.store.getJobState(childId)) && (await queues.store.remove(childId)) === 1;
}

const isWaiting = (state: JobState | 'unknown') =>
  state !== 'active' && state !== 'completed' && state !== 'failed' && state !== 'unknown';

/** The render has ended some other way, or is canceled: a later redrive must not find the marker. */
export async function dropCancelMarker(queues: Queues, renderId: string): Promise<void> {
  if (await queues.cancel.getJob(renderId)) await queues.cancel.remove(renderId);
}
