import type { CheckpointAt } from '@darkroom/shared/render';
import { countPriorEnds, createReceipt, endRender } from './end-render.ts';
import type { StepContext } from './step-context.ts';
import { noteOnce, type Transition } from './transitions.ts';

/** The image is stored: writes the receipt, enqueues the webhooks, completes the job. */
export async function finishStep(
  checkpoint: CheckpointAt<'finish'>,
  { job, infra, own }: StepContext,
): Promise<Transition> {
  const { log, metrics, clock, ledger } = infra;
  const { image } = checkpoint.at;
  const notes = await noteOnce(
    job,
    `stored ${image.key}: ${image.width}x${image.height}, ${image.bytes} bytes`,
  );
  const priorEnds = countPriorEnds(checkpoint, job.attemptsMade);
  const receipt = createReceipt(checkpoint, { image, notes, finishedAt: clock.now() }, priorEnds);
  const { renderId, cost } = receipt;
  await own.budgets.recordEnd(checkpoint);
  const value = await endRender(receipt, job.signal, { ...own, ledger });
  metrics.renders.inc({ outcome: 'completed' });
  metrics.renderSeconds.observe((receipt.finishedAt - receipt.createdAt) / 1000);
  log.info({ renderId, key: image.key, cost }, 'render completed');
  return { kind: 'done', value };
}
