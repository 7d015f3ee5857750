import {
  type Checkpoint,
  type CheckpointAt,
  DATA_VERSION,
  type LiveStep,
  type Receipt,
  storeJobId,
  submitJobId,
  sumCost,
} from '@darkroom/shared/render';
import { receiptBase } from './finish-step.ts';
import { goTo, noteOnce, type StepContext, type Transition } from './transitions.ts';

/**
 * Ends a dead render: receipt, webhook, dead letter, then the job fails. The letter is the last: where the sweep finds
 * none, it does all of it. A run that finds its burial already final was
 * redriven (`job.retry('failed')`, from anywhere) and goes on at the step that failed.
 */
export async function buryStep(checkpoint: CheckpointAt<'bury'>, context: StepContext): Promise<Transition> {
  const { deps, job } = context;
  const { failure, resume } = checkpoint.at;
  if (job.attemptsMade !== checkpoint.at.attemptsMade) return redrive(checkpoint, context);

  const costMicros = sumCost(checkpoint.purchases);
  const expiresAt = resume.step === 'store' ? resume.expiresAt : undefined;
  const notes = await noteOnce(job, `dead: ${failure.code}: ${failure.message}`);
  const receipt: Receipt = {
    ...receiptBase(checkpoint, deps.clock.now()),
    attempts: checkpoint.purchases.length,
    status: 'failed',
    costMicros,
    failure,
    notes,
  };
  await deps.ledger.writeReceipt(receipt, job.signal);
  await deps.enqueueWebhooks(receipt, job.attemptsMade, job.signal);
  await deps.cancels.remove(checkpoint.renderId);
  await deps.deadLetters.put({
    version: DATA_VERSION,
    renderId: checkpoint.renderId,
    tenant: checkpoint.tenant,
    failure,
    attempts: checkpoint.purchases.length,
    purchases: checkpoint.purchases,
    costMicros,
    ...(expiresAt === undefined ? {} : { resultExpiresAt: expiresAt }),
    request: checkpoint.request,
    createdAt: checkpoint.createdAt,
  });
  deps.metrics.renders.inc({ outcome: 'failed' });
  deps.metrics.deadLetters.inc({ code: failure.code });
  deps.log.warn(
    { renderId: checkpoint.renderId, code: failure.code, step: failure.step },
    'render dead-lettered',
  );
  return { kind: 'dead', failure };
}

async function redrive(checkpoint: CheckpointAt<'bury'>, { deps, job }: StepContext): Promise<Transition> {
  const { renderId, attempt } = checkpoint;
  const { resume } = checkpoint.at;
  // A failed child keeps its id; the new run needs the place.
  if (resume.step === 'submit') await deps.children.remove('submit', submitJobId(renderId, attempt));
  if (resume.step === 'store') await deps.children.remove('store', storeJobId(renderId, attempt));
  await deps.deadLetters.remove(renderId);
  await job.note(`redriven at ${resume.step}`);
  return goTo(checkpoint as Checkpoint, freshened(resume, deps.clock.now(), deps.settings.TASK_DEADLINE_MS));
}

/** A task that was given up for lost gets its time anew. */
function freshened(resume: LiveStep, now: number, taskDeadlineMs: number): LiveStep {
  if (resume.step !== 'poll') return resume;
  const { missingSince: _, ...step } = resume;
  return { ...step, deadlineAt: now + taskDeadlineMs, polls: 0 };
}
