import type { StepName } from '@darkroom/api';
import { CANCELED_OWNER } from '@darkroom/shared/ledger';
import { type CancelMarker } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type CheckpointAt,
  type Purchase,
  type Receipt,
  submitJobId,
  sumCost,
} from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import { receiptBase } from './finish-step.ts';
import { addPurchase } from './submit-step.ts';
import { goTo, noteOnce, type StepContext, type Transition } from './transitions.ts';

type Stoppable = CheckpointAt<'submit' | 'hold' | 'poll' | 'store'>;

/**
 * Somebody wants the render to stop, and it stands at a step that can. What was bought stays in `purchases`: the
 * receipt tells what it cost.
 */
export async function startCancel(
  checkpoint: Stoppable,
  context: StepContext,
  { requestedAt }: CancelMarker,
): Promise<Transition> {
  const { deps } = context;
  const { step } = checkpoint.at;
  if (step === 'submit') {
    const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
    const child = await deps.children.submit(id);
    // One that is under way may be buying: what comes of it is to be known first.
    if (child.kind === 'pending' && !(await deps.children.withdraw(id))) {
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
    }
    // Perhaps it was never run: whoever lists renders shall find it all the same.
    await deps.ledger.writeDayIndex(checkpoint, context.job.signal);
  }
  const purchases =
    step === 'submit' || step === 'hold'
      ? await claimOrReadPurchase(checkpoint, context)
      : checkpoint.purchases;
  return goTo({ ...checkpoint, purchases }, { step: 'cancel', requestedAt, from: step });
}

/** What the ledger knows of the present attempt. One that nobody began is claimed, so that nobody ever does (I2). */
async function claimOrReadPurchase(checkpoint: Checkpoint, { deps, job }: StepContext): Promise<Purchase[]> {
  const { renderId, attempt, provider, request, purchases } = checkpoint;
  const claim = { provider, owner: CANCELED_OWNER, claimedBy: 'canceled', request };
  let standing = await deps.ledger.attemptState(renderId, attempt, job.signal);
  if (standing.kind === 'unclaimed') {
    if (await deps.ledger.claim(renderId, attempt, claim, job.signal)) return purchases;
    standing = await deps.ledger.attemptState(renderId, attempt, job.signal);
  }
  if (standing.kind === 'accepted') return addPurchase(checkpoint, standing.acceptance, deps.settings);
  if (standing.kind === 'claimed' && standing.intent.owner !== CANCELED_OWNER) {
    await noteOnce(job, 'it may have been bought: it was submitted, and nobody knows what came of it');
  }
  return purchases;
}

const STOOD = {
  submit: 'before it was submitted',
  hold: 'while the outcome of its submission was unknown',
  poll: 'while the provider was at it',
  store: 'before its image was stored',
  finish: 'at its end',
} as const satisfies Record<StepName, string>;

/**
 * Ends a canceled render: receipt, webhook, done. Every write may be made twice; the marker goes last, and the
 * checkpoint stands for it by then.
 */
export async function cancelStep(
  checkpoint: CheckpointAt<'cancel'>,
  { deps, job }: StepContext,
): Promise<Transition> {
  const { renderId, purchases, at } = checkpoint;
  const { requestedAt, from } = at;
  const costMicros = sumCost(purchases);
  const notes = await noteOnce(job, `canceled ${STOOD[from]}; $${formatDollars(costMicros)} were spent`);
  const receipt: Receipt = {
    ...receiptBase(checkpoint, deps.clock.now()),
    attempts: purchases.length,
    status: 'canceled',
    costMicros,
    canceled: { requestedAt, from },
    notes,
  };
  await deps.ledger.writeReceipt(receipt, job.signal);
  await deps.enqueueWebhooks(receipt, job.attemptsMade, job.signal);
  // It failed before: its letter is no longer true.
  if (job.attemptsMade > 0) await deps.deadLetters.remove(renderId);
  await deps.cancels.remove(renderId);
  deps.metrics.renders.inc({ outcome: 'canceled' });
  deps.log.info({ renderId, from, costMicros }, 'render canceled');
  return { kind: 'done', value: { status: 'canceled', costMicros } };
}
