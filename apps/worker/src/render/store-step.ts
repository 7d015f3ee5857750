import { type CheckpointAt, storeJobId } from '@darkroom/shared/render';
import { createSituation, decide } from '../decide/index.ts';
import { startCancel } from './cancel-step.ts';
import type { StepContext } from './step-context.ts';
import { applyDecision, failRender, goTo, type Transition } from './transitions.ts';

/** Waits for the child in the queue `store` that downloads and stores the image. */
export async function storeStep(
  checkpoint: CheckpointAt<'store'>,
  context: StepContext,
): Promise<Transition> {
  const { job, infra, own } = context;
  const { taskId, expiresAt } = checkpoint.at;
  const id = storeJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await own.children.readStore(id);
  switch (child.kind) {
    case 'absent': {
      const marker = await own.cancelMarkers.find(checkpoint.renderId);
      if (marker && !marker.onlyPurchases) return startCancel(checkpoint, context, marker);
      return { kind: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: true };
    }
    case 'pending':
      return { kind: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: false };
    case 'completed': {
      if (child.value.kind === 'stored')
        return goTo(checkpoint, { step: 'finish', image: child.value.image });
      await job.note('the result expired before it was stored');
      const situation = createSituation(infra, { tries: 1, attempt: checkpoint.attempt });
      const decision = decide({ kind: 'result_expired' }, situation);
      return applyDecision(checkpoint, context, decision, 'the result expired and may not be bought again');
    }
    case 'failed': {
      if (child.failure) return failRender(checkpoint, context, child.failure, checkpoint.at);
      const situation = createSituation(infra, { tries: 1, attempt: checkpoint.attempt });
      const decision = decide({ kind: 'worker_lost' }, situation);
      return applyDecision(checkpoint, context, decision, 'workers were lost too often while storing');
    }
  }
}
