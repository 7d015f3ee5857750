import {
  type Checkpoint,
  type CheckpointAt,
  DATA_VERSION,
  type Receipt,
  sumCost,
} from '@darkroom/shared/render';
import { noteOnce, type StepContext, type Transition } from './transitions.ts';

/** The image is safe: the receipt says so for ever, then the job completes. */
export async function finishStep(
  checkpoint: CheckpointAt<'finish'>,
  { deps, job }: StepContext,
): Promise<Transition> {
  const { image } = checkpoint.at;
  const costMicros = sumCost(checkpoint.purchases);
  const notes = await noteOnce(
    job,
    `stored ${image.key}: ${image.width}x${image.height}, ${image.bytes} bytes`,
  );
  const receipt: Receipt = {
    ...receiptBase(checkpoint, deps.clock.now()),
    status: 'completed',
    costMicros,
    image,
    notes,
  };
  await deps.ledger.writeReceipt(receipt, job.signal);
  await deps.enqueueWebhooks(receipt, job.attemptsMade, job.signal);
  // It failed before, perhaps without a burial: the sweep's letter is no longer true.
  if (job.attemptsMade > 0) await deps.deadLetters.remove(checkpoint.renderId);
  await deps.cancels.remove(checkpoint.renderId);
  deps.metrics.renders.inc({ outcome: 'completed' });
  deps.metrics.renderSeconds.observe((receipt.finishedAt - receipt.createdAt) / 1000);
  deps.log.info({ renderId: checkpoint.renderId, key: image.key, costMicros }, 'render completed');
  return { kind: 'done', value: { status: 'completed', image, costMicros } };
}

/** What every receipt says, however the render ended. */
export function receiptBase(checkpoint: Checkpoint, now: number) {
  const { renderId, tenant, request, fingerprint, createdAt, attempt, purchases } = checkpoint;
  return {
    version: DATA_VERSION as typeof DATA_VERSION,
    renderId,
    tenant,
    request,
    fingerprint,
    createdAt,
    finishedAt: now,
    attempts: attempt,
    purchases,
  };
}
