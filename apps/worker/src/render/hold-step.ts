import type { CheckpointAt } from '@darkroom/shared/render';
import { startPolling } from './submit-step.ts';
import {
  buyAgain,
  createFailure,
  failRender,
  type StepContext,
  type Transition,
  waitAt,
} from './transitions.ts';

const CLOSEST_MS = 5_000;
const FARTHEST_MS = 60_000;

/**
 * Nobody knows whether the submission was bought. Look into the ledger now and then: a provider's webhook, or a
 * slower run of the same submission, may write the task id there. Without a word in time a person must say.
 */
export async function holdStep(checkpoint: CheckpointAt<'hold'>, context: StepContext): Promise<Transition> {
  const { deps, job } = context;
  const { renderId, attempt, at } = checkpoint;
  const accepted = await deps.ledger.readAcceptance(renderId, attempt, job.signal);
  if (accepted) {
    await job.note(`settled: accepted as ${accepted.taskId}, told by ${accepted.source}`);
    return startPolling(checkpoint, context, accepted);
  }
  const now = deps.clock.now();
  if (now < at.until) {
    const share = (at.until - now) / 4;
    return waitAt(
      checkpoint,
      at,
      Math.min(at.until - now, Math.max(CLOSEST_MS, Math.min(FARTHEST_MS, share))),
    );
  }
  if (deps.settings.SUBMIT_UNKNOWN === 'resubmit' && attempt < deps.settings.MAX_PURCHASES) {
    await job.note('SUBMIT_UNKNOWN=resubmit: buying again, which may buy twice');
    return buyAgain(checkpoint);
  }
  const failure = createFailure(deps, 'hold', 'submission_unknown', `it may have been bought: ${at.reason}`);
  return failRender(checkpoint, context, failure, at);
}
