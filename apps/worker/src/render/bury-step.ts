import { type CheckpointAt, type LiveStep, storeJobId, submitJobId } from '@darkroom/shared/render';
import { countPriorEnds, createDeadLetter, endDeadRender } from './end-render.ts';
import { applyStatement } from './operator-statement.ts';
import type { StepContext } from './step-context.ts';
import { goTo, type Transition } from './transitions.ts';

/**
 * Ends a dead render: receipt, webhooks, dead letter, then the job fails. A run that finds the job already failed was
 * started by a redrive (`job.retry('failed')`, from anywhere) and goes on at the step that failed.
 */
export async function buryStep(checkpoint: CheckpointAt<'bury'>, context: StepContext): Promise<Transition> {
  const { job, infra, own } = context;
  const { failure, attemptsMade } = checkpoint.at;
  if (job.attemptsMade !== attemptsMade) return redrive(checkpoint, context);
  if (checkpoint.at.restored) {
    await restoreDeadLetter(checkpoint, context);
    return { kind: 'dead', failure };
  }
  const priorEnds = countPriorEnds(checkpoint, attemptsMade);
  await own.budgets.recordEnd(checkpoint);
  const earlier = await endDeadRender(
    { checkpoint, failure, finishedAt: infra.clock.now(), priorEnds, job },
    { ...own, ledger: infra.ledger, metrics: infra.metrics, log: infra.log },
  );
  return earlier ? { kind: 'done', value: earlier } : { kind: 'dead', failure };
}

/** Writes the dead letter of a restored render again, unless an operator discarded it. */
async function restoreDeadLetter(checkpoint: CheckpointAt<'bury'>, { job, infra, own }: StepContext) {
  const { renderId, at } = checkpoint;
  const priorEnds = countPriorEnds(checkpoint, at.attemptsMade);
  const discard = await infra.ledger.readDiscard(renderId, job.signal);
  if (discard && discard.end > priorEnds) return;
  const receipt = await infra.ledger.readReceipt(renderId, job.signal);
  const earlier = receipt?.earlierFailures;
  const end = { ...(priorEnds > 0 ? { priorEnds } : {}), ...(earlier ? { earlierFailures: earlier } : {}) };
  await own.deadLetters.put(createDeadLetter(checkpoint, at.failure, end));
}

async function redrive(checkpoint: CheckpointAt<'bury'>, context: StepContext): Promise<Transition> {
  const { job, infra, own } = context;
  const { renderId, attempt } = checkpoint;
  const { resume } = checkpoint.at;
  // A failed child keeps its id. The new child needs that id.
  if (resume.step === 'submit') await own.children.remove('submit', submitJobId(renderId, attempt));
  if (resume.step === 'store') await own.children.remove('store', storeJobId(renderId, attempt));
  // If the queue loses the job now, the receipt says that the render runs again.
  const receipt = await infra.ledger.readReceipt(renderId, job.signal);
  if (receipt?.status === 'failed' && receipt.redrivenAt === undefined) {
    await infra.ledger.writeReceipt({ ...receipt, redrivenAt: infra.clock.now() }, job.signal);
  }
  await own.deadLetters.remove(renderId);
  await job.note(`redriven at ${resume.step}`);
  // The hold step reads a statement itself, after it has read the acceptance.
  const stated = resume.step === 'poll' && (await applyStatement(checkpoint, context, resume.taskId));
  if (stated) return stated;
  return goTo(checkpoint, resetPolling(resume, infra.clock.now() + infra.settings.TASK_DEADLINE_MS));
}

/** A task that counted as lost gets a new deadline. */
function resetPolling(resume: LiveStep, deadlineAt: number): LiveStep {
  if (resume.step !== 'poll') return resume;
  const { missingSince: _missing, doubtedSince: _doubted, ...step } = resume;
  return { ...step, deadlineAt, polls: 0 };
}
