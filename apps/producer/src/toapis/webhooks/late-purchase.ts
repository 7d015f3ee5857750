import { getRenderPrice } from '@darkroom/shared/config';
import type { Acceptance } from '@darkroom/shared/ledger';
import { type Checkpoint, type Purchase, recordPurchase, sumCost } from '@darkroom/shared/render';
import type { RenderJob } from '../../backends/index.ts';
import type { EventDeps, EventOutcome, ProviderEvent } from './event.ts';

/** The acceptance of a task that is known from an event. */
export function acceptanceFromEvent(
  { request }: Pick<Checkpoint, 'request'>,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Acceptance {
  const submittedAt = event.data.submitted_at;
  return {
    taskId,
    acceptedAt: submittedAt ? submittedAt * 1000 : deps.now(),
    costMicros: getRenderPrice(deps.settings, request.resolution),
    provider: 'toapis',
    source: 'webhook',
  };
}

/**
 * Records what a canceled render cost, in the ledger, the receipt and the job. When the render was canceled, the outcome
 * of its purchase was still open. No worker writes the job any more, so the producer may.
 */
export async function recordLatePurchase(
  job: RenderJob,
  checkpoint: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<EventOutcome> {
  const { ledger } = deps;
  const receipt = await ledger.readReceipt(checkpoint.renderId);
  if (receipt?.status !== 'canceled') return 'ignored';
  const outcome = event.type === 'generation.failed' ? 'refunded' : 'accepted';
  const known = receipt.purchases.find((purchase) => purchase.taskId === taskId);
  if (known && (known.outcome === outcome || known.outcome === 'refunded')) return 'ignored';
  const purchase = known ?? (await readLatePurchase(checkpoint, taskId, event, deps));
  if (!purchase) return 'ignored';
  if (outcome === 'refunded') {
    const refund = { refundedAt: deps.now(), reason: "the provider's webhook reported that the task failed" };
    await ledger.writeRefund(checkpoint.renderId, purchase.attempt, refund);
  }
  const purchases = recordPurchase(receipt.purchases, { ...purchase, outcome });
  const text = `provider webhook after the end: ${taskId} was ${outcome === 'refunded' ? 'refunded' : 'bought'}`;
  const changed = {
    ...receipt,
    purchases,
    attempts: purchases.length,
    cost: sumCost(purchases),
    notes: [...(receipt.notes ?? []), { at: deps.now(), text }],
  };
  await ledger.writeReceipt(changed, undefined, receipt);
  await job.updateData({ ...checkpoint, purchases });
  return 'recorded';
}

/** The purchase of the present attempt, if it was submitted and its task was unknown. */
async function readLatePurchase(
  checkpoint: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<Purchase | undefined> {
  const { renderId, attempt } = checkpoint;
  const state = await deps.ledger.attemptState(renderId, attempt);
  if (state.kind === 'unclaimed' || state.kind === 'canceled') return undefined;
  const acceptance =
    state.kind === 'accepted' ? state.acceptance : acceptanceFromEvent(checkpoint, taskId, event, deps);
  if (acceptance.taskId !== taskId) return undefined;
  if (state.kind === 'claimed') await deps.ledger.writeAcceptance(renderId, attempt, acceptance);
  const { acceptedAt, costMicros } = acceptance;
  const { provider } = acceptance;
  return { provider, attempt, outcome: 'accepted', taskId, acceptedAt, costMicros };
}
