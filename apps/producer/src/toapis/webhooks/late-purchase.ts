import { priceOfResolution } from '@darkroom/shared/config';
import { type Acceptance, CANCELED_OWNER } from '@darkroom/shared/ledger';
import { type Checkpoint, type Purchase, sumCost } from '@darkroom/shared/render';
import type { RenderJob } from '../../backends/index.ts';
import type { EventDeps, EventOutcome, ProviderEvent } from './event.ts';

/** A task that the provider tells of, as the ledger notes it. */
export function acceptanceFromEvent(
  { request }: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Acceptance {
  const submittedAt = event.data.submitted_at;
  return {
    taskId,
    acceptedAt: submittedAt ? submittedAt * 1000 : deps.now(),
    costMicros: priceOfResolution(deps.settings, request.resolution),
    provider: 'toapis',
    source: 'webhook',
  };
}

/**
 * The provider's word on a render that has ended canceled: only now is it known what it cost. Ledger and receipt learn
 * it, and so does the job, which no worker writes any more.
 */
export async function recordLatePurchase(
  job: RenderJob,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<EventOutcome> {
  const { ledger } = deps;
  const receipt = await ledger.readReceipt(job.data.renderId);
  if (receipt?.status !== 'canceled') return 'ignored';
  const refunded = event.type === 'generation.failed';
  const known = receipt.purchases.find((purchase) => purchase.taskId === taskId);
  // Nothing new.
  if (known && (known.refunded || !refunded)) return 'ignored';
  const purchase = known ?? (await findUnknownPurchase(job.data, taskId, event, deps));
  if (!purchase) return 'ignored';
  const others = receipt.purchases.filter((one) => one.taskId !== taskId);
  const purchases = [...others, { ...purchase, refunded }];
  const text = `the provider told later: ${taskId} was ${refunded ? 'refunded' : 'bought'}`;
  await ledger.writeReceipt({
    ...receipt,
    purchases,
    attempts: purchases.length,
    costMicros: sumCost(purchases),
    notes: [...(receipt.notes ?? []), { at: deps.now(), text }],
  });
  await job.updateData({ ...job.data, purchases });
  return 'settled';
}

/** The purchase of the present attempt, where it was submitted and nobody knew as what. */
async function findUnknownPurchase(
  checkpoint: Checkpoint,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<Purchase | undefined> {
  const { renderId, attempt } = checkpoint;
  const snapshot = await deps.ledger.attemptState(renderId, attempt);
  if (snapshot.kind === 'unclaimed') return undefined;
  if (snapshot.kind === 'claimed' && snapshot.intent.owner === CANCELED_OWNER) return undefined;
  const accepted =
    snapshot.kind === 'accepted' ? snapshot.acceptance : acceptanceFromEvent(checkpoint, taskId, event, deps);
  if (accepted.taskId !== taskId) return undefined;
  if (snapshot.kind === 'claimed') await deps.ledger.writeAcceptance(renderId, attempt, accepted);
  const { acceptedAt, costMicros } = accepted;
  return { provider: accepted.provider, attempt, taskId, acceptedAt, costMicros, refunded: false };
}
