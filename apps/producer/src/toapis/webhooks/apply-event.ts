import { RENDER_ID } from '@darkroom/api';
import type { Checkpoint } from '@darkroom/shared/render';
import type { RenderJob } from '../../backends/index.ts';
import type { ProviderEvent, SettleDeps, Settled } from './event.ts';
import { acceptedBy, amend } from './late-purchase.ts';

/** Takes the provider's word for a task. Told twice it does nothing twice: every effect has a name of its own. */
export async function settle(event: ProviderEvent, deps: SettleDeps): Promise<Settled> {
  const { task_id: taskId, client_business_id: renderId } = event.data;
  if (!event.type.startsWith('generation.') || !taskId || !renderId || !RENDER_ID.test(renderId))
    return 'ignored';
  const job = await deps.queue.get(renderId);
  if (!job) return 'ignored';
  const { at, purchases } = job.data;
  if (at.step === 'cancel') return job.finishedOn ? await amend(job, taskId, event, deps) : 'early';
  if (purchases.some((purchase) => purchase.taskId === taskId)) {
    return at.step === 'poll' && at.taskId === taskId ? await promote(job) : 'ignored';
  }
  if (at.step === 'submit') return job.finishedOn ? 'ignored' : 'early';
  if (at.step === 'hold') {
    await accept(job.data, taskId, event, deps);
    await promote(job);
    return 'settled';
  }
  if (at.step === 'bury' && at.resume.step === 'hold') {
    if (!job.finishedOn) return 'early';
    await accept(job.data, taskId, event, deps);
    // Somebody else may be faster: it is in the queue then.
    await job.retry('failed').catch(async (error: unknown) => {
      if ((await job.getState()) === 'failed') throw error;
    });
    return 'settled';
  }
  return 'ignored';
}

async function accept(
  checkpoint: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: SettleDeps,
): Promise<void> {
  const { renderId, attempt } = checkpoint;
  await deps.ledger.writeAcceptance(renderId, attempt, acceptedBy(checkpoint, taskId, event, deps));
}

async function promote(job: RenderJob): Promise<Settled> {
  // One that is not delayed is about to look anyway.
  if (await job.isDelayed()) await job.promote().catch(() => undefined);
  return 'promoted';
}
