import type { SubmitResult } from '@darkroom/shared/queues';
import { type Checkpoint, type CheckpointAt, type Failure, submitJobId } from '@darkroom/shared/render';
import { createSituation, decide, waitForPause } from '../decide/index.ts';
import { findFinalReceipt, finishEnd } from './end-render.ts';
import { startHolding } from './hold-step.ts';
import { addUnknownPurchase, startPolling } from './poll-step.ts';
import type { StepContext } from './step-context.ts';
import { applyDecision, cancelAgain, failRender, goTo, type Transition } from './transitions.ts';

/** Waits for the child in the queue `submit` that makes the purchase, and goes on from its result. */
export async function submitStep(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
): Promise<Transition> {
  const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await context.own.children.readSubmit(id);
  switch (child.kind) {
    case 'absent': {
      // To buy again is right only if the render has not ended: its checkpoint may be older than its end.
      const { job, infra, own } = context;
      const ended =
        checkpoint.attempt > 1 && (await findFinalReceipt(checkpoint.renderId, infra, job.signal));
      if (ended) {
        const value = await finishEnd(ended, job.signal, { ...own, ledger: infra.ledger });
        return { kind: 'done', value };
      }
      const paused = await waitWhilePaused(checkpoint, context);
      if (paused) return paused;
      await noteAndIndex(checkpoint, context);
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: true };
    }
    case 'pending':
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
    case 'completed':
      return handleSubmitResult(checkpoint, context, child.value);
    case 'failed':
      return handleFailedChild(checkpoint, context, child.failure);
  }
}

/**
 * A paused render waits here, and not in the queue `submit`: there each run would use up a part of the quota. The end of
 * the pause wakes it.
 */
async function waitWhilePaused(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
): Promise<Transition | undefined> {
  const { job, infra, own } = context;
  const [pause] = await own.findPauses(checkpoint);
  if (!pause) return undefined;
  // Once, in its first run: it is checked again until the pause ends.
  if (checkpoint.updatedAt === checkpoint.createdAt) {
    await infra.ledger.writeDayIndex(checkpoint, job.signal);
    await job.note(`waits: paused by ${pause.owner} (${pause.name}): ${pause.reason}`);
  }
  const { afterMs } = waitForPause({
    until: pause.until,
    now: infra.clock.now(),
    random: infra.clock.random(),
  });
  return { kind: 'wait', afterMs, data: checkpoint };
}

async function handleSubmitResult(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  result: SubmitResult,
): Promise<Transition> {
  const { job, own } = context;
  switch (result.kind) {
    case 'accepted':
      await job.note(`submitted: accepted as ${result.taskId}`);
      return startPolling(checkpoint, context, result);
    case 'unknown':
      return startHolding(checkpoint, context, result.reason);
    case 'canceled':
      if (result.claimedAt !== undefined) return cancelAgain(checkpoint, result.claimedAt);
      // The cancel marker that the child saw is gone and nothing was bought. The render is submitted after all.
      await own.children.remove('submit', submitJobId(checkpoint.renderId, checkpoint.attempt));
      return goTo(checkpoint, checkpoint.at);
  }
}

/**
 * The child has failed. Only the ledger knows whether it bought: an unexpected error, or the death of its worker, can
 * come after the submission.
 *
 * @param failure absent if BullMQ failed the child, because its workers died too often
 */
async function handleFailedChild(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  failure: Failure | undefined,
): Promise<Transition> {
  const { job, infra } = context;
  const { renderId, attempt, at } = checkpoint;
  const state = await infra.ledger.attemptState(renderId, attempt, job.signal);
  switch (state.kind) {
    case 'accepted':
      return startPolling(checkpoint, context, state.acceptance);
    case 'canceled':
      return cancelAgain(checkpoint, state.claimedAt);
    case 'claimed': {
      if (!failure) return startHolding(checkpoint, context, 'the worker was lost while submitting');
      const purchases = addUnknownPurchase(checkpoint, context);
      return failRender({ ...checkpoint, purchases }, context, failure, at);
    }
    case 'unclaimed': {
      if (failure) return failRender(checkpoint, context, failure, at);
      const decision = decide({ kind: 'worker_lost' }, createSituation(infra, { tries: 1, attempt }));
      return applyDecision(checkpoint, context, decision, 'workers were lost too often while submitting');
    }
  }
}

/** Adds the render to the index of its day before anything is bought, so that it can be listed from now on. */
async function noteAndIndex(checkpoint: Checkpoint, { job, infra }: StepContext): Promise<void> {
  if (checkpoint.attempt === 1) {
    await infra.ledger.writeDayIndex(checkpoint, job.signal);
    await job.note('picked up; waits for its turn to be submitted');
  } else {
    await job.note(`is bought again (purchase ${checkpoint.attempt}); waits for its turn to be submitted`);
  }
}
