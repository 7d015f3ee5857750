import type { StepName } from '@darkroom/api';
import type { CancelMarker } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type CheckpointAt,
  changeOutcome,
  type Purchase,
  submitJobId,
  sumCost,
} from '@darkroom/shared/render';
import { describeCost } from '@darkroom/shared/snapshot';
import { countPriorEnds, createReceipt, endRender } from './end-render.ts';
import { addPurchase, addUnknownPurchase } from './poll-step.ts';
import type { StepContext } from './step-context.ts';
import { goTo, noteOnce, type Transition } from './transitions.ts';

type CancelableCheckpoint = CheckpointAt<'submit' | 'hold' | 'poll' | 'store'>;

/** A cancel marker was found at a step that can be canceled. Purchases stay in the checkpoint: the receipt has their cost. */
export async function startCancel(
  checkpoint: CancelableCheckpoint,
  context: StepContext,
  { requestedAt }: CancelMarker,
): Promise<Transition> {
  const { job, infra, own } = context;
  const { step } = checkpoint.at;
  if (step === 'submit') {
    const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
    const child = await own.children.readSubmit(id);
    // A submission that has begun may be buying: its result must be known first.
    if (child.kind === 'pending' && !(await own.children.withdraw(id))) {
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
    }
    // A render that no worker has picked up before is not in the index yet. It must be listed, too.
    await infra.ledger.writeDayIndex(checkpoint, job.signal);
  }
  const purchases =
    step === 'submit' || step === 'hold'
      ? await claimOrReadPurchase(checkpoint, context)
      : checkpoint.purchases;
  // The task of a render that is canceled before its image was ready may still fail and be refunded.
  const ended = step === 'store' ? purchases : changeOutcome(purchases, checkpoint.attempt, 'unknown');
  return goTo({ ...checkpoint, purchases: ended }, { step: 'cancel', requestedAt, from: step });
}

/**
 * The purchases, with the present one if the ledger has its acceptance. An unclaimed attempt is claimed by the cancel,
 * so that no run makes that purchase later (I2).
 */
async function claimOrReadPurchase(checkpoint: Checkpoint, context: StepContext): Promise<Purchase[]> {
  const { job, infra } = context;
  const { renderId, attempt, provider, request, purchases } = checkpoint;
  let state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (state.kind === 'unclaimed') {
    const id = { renderId, attempt, claim: state.nextClaim };
    if (await infra.ledger.claimForCancel(id, { provider, request }, job.signal)) return purchases;
    state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  }
  if (state.kind === 'accepted') return addPurchase(checkpoint, state.acceptance, context);
  if (state.kind === 'claimed') {
    await noteOnce(job, 'it may have been bought: it was submitted, and the outcome is unknown');
    return addUnknownPurchase(checkpoint, context);
  }
  return purchases;
}

const CANCELED_WHEN = {
  submit: 'before it was submitted',
  hold: 'while the outcome of its submission was unknown',
  poll: 'while the provider worked on it',
  store: 'before its image was stored',
  finish: 'at its end',
} as const satisfies Record<StepName, string>;

/** Ends a canceled render: receipt, webhooks, done. */
export async function cancelStep(
  checkpoint: CheckpointAt<'cancel'>,
  { job, infra, own }: StepContext,
): Promise<Transition> {
  const { renderId, purchases, at } = checkpoint;
  const { requestedAt, from } = at;
  const { clock, ledger, metrics, log } = infra;
  const notes = await noteOnce(job, `canceled ${CANCELED_WHEN[from]}; ${describeCost(sumCost(purchases))}`);
  const priorEnds = countPriorEnds(checkpoint, job.attemptsMade);
  const end = { canceled: { requestedAt, from }, notes, finishedAt: clock.now() };
  const receipt = createReceipt(checkpoint, end, priorEnds);
  await own.budgets.recordEnd(checkpoint);
  const value = await endRender(receipt, job.signal, { ...own, ledger });
  const { cost } = receipt;
  metrics.renders.inc({ outcome: 'canceled' });
  log.info({ renderId, from, cost }, 'render canceled');
  return { kind: 'done', value };
}
