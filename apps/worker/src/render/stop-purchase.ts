import { type CheckpointAt, submitJobId } from '@darkroom/shared/render';
import type { StepContext } from './step-context.ts';
import { goTo, noteOnce, type Transition } from './transitions.ts';

/**
 * The run of the render buys nothing more. An attempt that was not bought is claimed by the cancel, so that no run makes
 * that purchase later (I2).
 *
 * @param requestedAt since when, in Unix milliseconds
 * @returns `undefined` when it was bought, or may have been: the render goes on, and its image is stored
 */
export async function stopPurchase(
  checkpoint: CheckpointAt<'submit'>,
  { job, infra, own }: StepContext,
  requestedAt: number,
): Promise<Transition | undefined> {
  const { renderId, attempt, provider, request } = checkpoint;
  const id = submitJobId(renderId, attempt);
  const child = await own.children.readSubmit(id);
  // It says why the render fails.
  if (child.kind === 'failed') return undefined;
  // A submission that has begun may be buying: its result must be known first.
  if (child.kind === 'pending' && !(await own.children.withdraw(id)))
    return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
  const state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (state.kind !== 'unclaimed') return undefined;
  const claim = { renderId, attempt, claim: state.nextClaim };
  if (!(await infra.ledger.claimForCancel(claim, { provider, request }, job.signal))) return undefined;
  await infra.ledger.writeDayIndex(checkpoint, job.signal);
  await noteOnce(job, 'its run buys nothing more');
  return goTo(checkpoint, { step: 'cancel', requestedAt, from: 'submit' });
}
