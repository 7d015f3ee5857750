import { RENDER_ID } from '@darkroom/api';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import type { RenderJob } from '../../backends/index.ts';
import type { EventDeps, EventOutcome, ProviderEvent } from './event.ts';
import { acceptanceFromEvent, recordLatePurchase } from './late-purchase.ts';
import { applyWithoutJob } from './without-job.ts';

/**
 * Applies an event about a task to its render. Idempotent: ToAPIs can send an event more than once.
 *
 * @throws {NewerDataError} for a render that a newer Darkroom wrote. ToAPIs then sends the event again.
 */
export async function applyProviderEvent(event: ProviderEvent, deps: EventDeps): Promise<EventOutcome> {
  const { task_id: taskId, client_business_id: renderId } = event.data;
  if (!event.type.startsWith('generation.') || !taskId || !renderId || !RENDER_ID.test(renderId))
    return 'ignored';
  const job = await deps.queue.get(renderId);
  if (!job) return await applyWithoutJob(renderId, taskId, event, deps);
  const checkpoint = readCheckpoint(job.data);
  const { at, purchases } = checkpoint;
  if (at.step === 'cancel') {
    return job.finishedOn ? await recordLatePurchase(job, checkpoint, taskId, event, deps) : 'early';
  }
  if (purchases.some((purchase) => purchase.taskId === taskId)) {
    return at.step === 'poll' && at.taskId === taskId ? await pollNow(job) : 'ignored';
  }
  if (at.step === 'submit') return job.finishedOn ? 'ignored' : 'early';
  if (at.step === 'hold') {
    await recordAcceptance(checkpoint, taskId, event, deps);
    await pollNow(job);
    return 'recorded';
  }
  if (at.step === 'bury' && at.resume.step === 'hold') {
    if (!job.finishedOn) return 'early';
    await recordAcceptance(checkpoint, taskId, event, deps);
    // Another call may have been faster. Then the job is in the queue already.
    await job.retry('failed').catch(async (error: unknown) => {
      if ((await job.getState()) === 'failed') throw error;
    });
    return 'recorded';
  }
  return 'ignored';
}

async function recordAcceptance(
  checkpoint: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<void> {
  const { renderId, attempt } = checkpoint;
  await deps.ledger.writeAcceptance(renderId, attempt, acceptanceFromEvent(checkpoint, taskId, event, deps));
}

async function pollNow(job: RenderJob): Promise<EventOutcome> {
  // A job that is not delayed polls soon anyway.
  if (await job.isDelayed()) await job.promote().catch(() => undefined);
  return 'promoted';
}
