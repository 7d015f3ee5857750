import type { Statement } from '@darkroom/shared/ledger';
import type { Checkpoint } from '@darkroom/shared/render';
import { startPolling } from './poll-step.ts';
import type { StepContext } from './step-context.ts';
import { buyAgain, type Transition } from './transitions.ts';

/**
 * Goes on as an operator has stated about the present purchase.
 *
 * @param polledTaskId the task that is polled already, if any.
 * @returns `undefined` if there is no statement, or if it names that task.
 */
export async function applyStatement(
  checkpoint: Checkpoint,
  context: StepContext,
  polledTaskId?: string,
): Promise<Transition | undefined> {
  const { job, infra } = context;
  const { renderId, attempt, provider, request } = checkpoint;
  const statement = await infra.ledger.readStatement(renderId, attempt, job.signal);
  if (!statement) return undefined;
  switch (statement.kind) {
    case 'bought': {
      const { taskId } = statement;
      if (taskId === undefined || taskId === polledTaskId) return undefined;
      const costMicros = infra.provider.priceMicros(request);
      const acceptedAt = await readPurchaseTime(checkpoint, context, statement);
      const acceptance = { provider, taskId, acceptedAt, costMicros, source: 'operator' } as const;
      // The first acceptance stays. The statement names the task that counts.
      await infra.ledger.writeAcceptance(renderId, attempt, acceptance, job.signal);
      await job.note(`${describeActor(statement)}: it was bought as ${taskId}`);
      return startPolling(checkpoint, context, acceptance);
    }
    case 'not_bought': {
      await context.own.budgets.release(checkpoint);
      await job.note(`${describeActor(statement)}: it was not bought`);
      const purchases = checkpoint.purchases.filter((purchase) => purchase.attempt !== attempt);
      return buyAgain({ ...checkpoint, purchases });
    }
    case 'buy_again':
      if (statement.isCharged) {
        await job.note(
          `${describeActor(statement)}: it was charged, and its task is not known; buying again`,
        );
        const acceptedAt = await readPurchaseTime(checkpoint, context, statement);
        const purchases = checkpoint.purchases.map((purchase) =>
          purchase.attempt === attempt && purchase.outcome === 'unknown'
            ? { ...purchase, outcome: 'accepted' as const, acceptedAt: purchase.acceptedAt ?? acceptedAt }
            : purchase,
        );
        return buyAgain({ ...checkpoint, purchases });
      }
      await job.note(`${describeActor(statement)}: buy again, a second charge is accepted`);
      return buyAgain(checkpoint);
  }
}

/** When the purchase was made, not when it was stated: spend and reconciliation count it on that day. */
async function readPurchaseTime(
  { renderId, attempt }: Checkpoint,
  { job, infra }: StepContext,
  { statedAt }: Statement,
): Promise<number> {
  const state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (state.kind === 'accepted') return state.acceptance.acceptedAt;
  return state.kind === 'claimed' ? state.intent.claimedAt : statedAt;
}

const describeActor = ({ actor, note }: Statement) =>
  note ? `stated by ${actor} (${note})` : `stated by ${actor}`;
