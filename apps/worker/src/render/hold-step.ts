import type { CheckpointAt } from '@darkroom/shared/render';
import { checkGrace, checkTimeLimit, createSituation, decide, pickDoubt } from '../decide/index.ts';
import { applyStatement } from './operator-statement.ts';
import { addUnknownPurchase, startPolling } from './poll-step.ts';
import type { StepContext } from './step-context.ts';
import { applyDecision, cancelAgain, type Transition } from './transitions.ts';

/** The outcome of a submission is unknown: holds the render, or buys again if the operator accepts the risk. */
export async function startHolding(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  reason: string,
): Promise<Transition> {
  const { job, infra } = context;
  const { renderId, attempt } = checkpoint;
  infra.metrics.unknownSubmissions.inc();
  infra.log.warn({ renderId, attempt, reason }, 'submission outcome unknown');
  await context.own.budgets.count(checkpoint);
  await job.note(`outcome unknown (${reason}); not bought again, waiting for an answer of the provider`);
  const decision = decide({ kind: 'outcome_unknown' }, createSituation(infra, { tries: 1, attempt }));
  const purchases = addUnknownPurchase(checkpoint, context);
  return applyDecision({ ...checkpoint, purchases }, context, decision, reason);
}

/**
 * It is unknown whether the submission was bought. Reads the ledger from time to time: a webhook of the provider, or a
 * slower run of the same submission, may write the task id there. If none does in time, an operator must state what
 * happened.
 */
export async function holdStep(checkpoint: CheckpointAt<'hold'>, context: StepContext): Promise<Transition> {
  const { job, infra } = context;
  const { renderId, attempt, at } = checkpoint;
  const state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  if (state.kind === 'accepted') {
    const { acceptance } = state;
    await job.note(`known now: accepted as ${acceptance.taskId}, from ${acceptance.source}`);
    return startPolling(checkpoint, context, acceptance);
  }
  if (state.kind === 'canceled') {
    const purchases = checkpoint.purchases.filter((purchase) => purchase.attempt !== attempt);
    return cancelAgain({ ...checkpoint, purchases }, state.claimedAt);
  }
  const stated = await applyStatement(checkpoint, context);
  if (stated) return stated;
  const maxMs = infra.settings.UNKNOWN_GRACE_MS;
  const { limit, isOver } = checkTimeLimit(
    { endsAt: at.until, doubtedSince: at.doubtedSince },
    { now: infra.clock.now(), maxMs, graceMs: checkGrace(maxMs) },
  );
  const { doubtedSince: _, ...step } = at;
  const checked = { ...checkpoint, at: { ...step, until: limit.endsAt, ...pickDoubt(limit) } };
  const situation = createSituation(infra, { tries: 1, attempt, deadlineAt: limit.endsAt, isOver });
  const decision = decide({ kind: 'outcome_unknown' }, situation);
  if (decision.kind === 'buy-again') {
    await job.note('SUBMIT_UNKNOWN=resubmit: buying again, which may buy twice');
  }
  // A checkpoint of version 1 does not contain its unknown purchase.
  const purchases = addUnknownPurchase(checkpoint, context);
  return applyDecision({ ...checked, purchases }, context, decision, `it may have been bought: ${at.reason}`);
}
