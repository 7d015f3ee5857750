import type { CancelMarker } from '@darkroom/shared/queues';
import type { CheckpointAt } from '@darkroom/shared/render';
import { startCancel } from './cancel-step.ts';
import type { StepContext } from './step-context.ts';
import type { Transition } from './transitions.ts';

/**
 * The render may buy nothing more: it is canceled unless it has bought its present attempt. An image that was bought, or may
 * have been, is still stored.
 *
 * @returns `undefined` when the render must go on
 */
export async function stopPurchase(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  marker: CancelMarker,
): Promise<Transition | undefined> {
  const { infra, job } = context;
  const { renderId, attempt } = checkpoint;
  const { kind } = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (kind === 'accepted' || kind === 'claimed') return undefined;
  const transition = await startCancel(checkpoint, context, marker);
  // It was bought between the two reads: the purchase is in the ledger, and the render finds it there.
  const isBought = transition.kind === 'go' && transition.to.purchases.some((one) => one.attempt === attempt);
  return isBought ? undefined : transition;
}
