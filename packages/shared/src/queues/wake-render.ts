import type { JobState } from 'bullmq';
import {
  type Checkpoint,
  NewerDataError,
  storeJobId,
  submitJobId,
  upgradePersisted,
} from '../render/index.ts';
import type { CancelMarker, Queues, SubmitJob } from './queues.ts';

/**
 * What `wakeRender` found:
 * - `woken`: the render waited, and runs now
 * - `busy`: the render or its child is running; the render reads its cancel marker before its next step
 * - `ended`: the render had ended already; its marker is deleted
 * - `absent`: the queue has no such render; its marker is deleted
 */
export type WakeResult = 'woken' | 'busy' | 'ended' | 'absent';

/**
 * Makes a waiting render read its cancel marker now. The marker must be in the queue before.
 *
 * - A delayed render (between polls, or on hold) is promoted.
 * - A submit or store child that has not started is removed from its queue. Then the parent runs and finds the marker
 *   before it would add the child again. This relies on BullMQ: when the last pending child of a job in
 *   `waiting-children` is removed, that job goes back to `wait`. That holds also when the child is delayed or rate
 *   limited, or its queue is paused. An active child cannot be removed. The engines' conformance suite tests all of this.
 *
 * With `onlyPurchases`, only a render that is about to buy is woken. A running render or child is left alone. Safe to call again: the workers' sweep calls it again, in case a process died
 * between writing the marker and this call. Throws the errors of the engine.
 */
export async function wakeRender(
  queues: Queues,
  renderId: string,
  { onlyPurchases }: Pick<CancelMarker, 'onlyPurchases'> = {},
): Promise<WakeResult> {
  const job = await queues.render.getJob(renderId);
  if (!job || job.finishedOn) {
    await dropCancelMarker(queues, renderId);
    return job ? 'ended' : 'absent';
  }
  // What was bought goes on undisturbed.
  if (onlyPurchases && job.data.at.step !== 'submit') return 'busy';
  if (await job.isDelayed()) {
    // The delay may end, or another process may promote the job, before this call does.
    return job.promote().then(
      () => 'woken',
      () => 'busy',
    );
  }
  try {
    return (await withdrawChild(queues, upgradePersisted('checkpoint', job.data) as Checkpoint))
      ? 'woken'
      : 'busy';
  } catch (error) {
    // The sweep of a newer worker wakes the render.
    if (error instanceof NewerDataError) return 'busy';
    throw error;
  }
}

function withdrawChild(queues: Queues, { at, renderId, attempt }: Checkpoint): Promise<boolean> {
  if (at.step === 'submit') return withdrawSubmission(queues, submitJobId(renderId, attempt));
  if (at.step === 'store') return withdrawStoreJob(queues, storeJobId(renderId, attempt));
  return Promise.resolve(false);
}

/**
 * Removes a submission that has not started from its queue. The marker must be in the queue before: a submission reads it
 * right before it sends the request, so a submission that starts during this call buys nothing.
 *
 * @returns false when the submission is running, has ended, does not exist, or holds a task id that is not in the ledger
 * yet (I3).
 */
export async function withdrawSubmission(queues: Queues, childId: string): Promise<boolean> {
  if (!isWaiting(await queues.submit.getJobState(childId))) return false;
  // Read after the state: a run that ended before that has written its task id by now.
  const child = await queues.submit.getJob(childId);
  if (!child || (upgradePersisted('submit-job', child.data) as SubmitJob).accepted) return false;
  return (await queues.submit.remove(childId)) === 1;
}

/** Removes a store job that has not started, or waits for another try, from its queue. */
async function withdrawStoreJob(queues: Queues, childId: string): Promise<boolean> {
  return isWaiting(await queues.store.getJobState(childId)) && (await queues.store.remove(childId)) === 1;
}

const isWaiting = (state: JobState | 'unknown') =>
  state !== 'active' && state !== 'completed' && state !== 'failed' && state !== 'unknown';

/** Deletes the cancel marker of a render that has ended. Otherwise a later redrive would be canceled at once. */
export async function dropCancelMarker(queues: Queues, renderId: string): Promise<void> {
  if (await queues.cancel.getJob(renderId)) await queues.cancel.remove(renderId);
}
