import { type CheckpointAt, storeJobId } from '@darkroom/shared/render';
import { decide } from '../decide/index.ts';
import { startCancel } from './cancel-step.ts';
import { limitsOf } from './render-deps.ts';
import {
  buyAgain,
  createFailure,
  failRender,
  goTo,
  type StepContext,
  type Transition,
} from './transitions.ts';

/** Has the image brought home by a child in the `store` queue. */
export async function storeStep(
  checkpoint: CheckpointAt<'store'>,
  context: StepContext,
): Promise<Transition> {
  const { deps, job } = context;
  const { taskId, expiresAt } = checkpoint.at;
  const id = storeJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await deps.children.store(id);
  switch (child.kind) {
    case 'absent': {
      const asked = await deps.cancels.find(checkpoint.renderId);
      if (asked) return startCancel(checkpoint, context, asked);
      return { kind: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: true };
    }
    case 'pending':
      return { kind: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: false };
    case 'completed':
      if (child.value.kind === 'stored')
        return goTo(checkpoint, { step: 'finish', image: child.value.image });
      await job.note('the result expired before it was stored');
      return expired(checkpoint, context);
    case 'failed': {
      const failure =
        child.failure ??
        createFailure(deps, 'store', 'worker_lost', 'workers were lost too often while storing');
      return failRender(checkpoint, context, failure, checkpoint.at);
    }
  }
}

function expired(checkpoint: CheckpointAt<'store'>, context: StepContext): Transition {
  const { deps } = context;
  const decision = decide(
    { kind: 'result_expired' },
    {
      now: deps.clock.now(),
      random: deps.clock.random(),
      tries: 1,
      attempt: checkpoint.attempt,
      limits: limitsOf(deps.settings),
    },
  );
  if (decision.kind === 'buy-again') return buyAgain(checkpoint);
  const failure = createFailure(
    deps,
    'store',
    'result_expired',
    'the result expired and may not be bought again',
  );
  return failRender({ ...checkpoint, attempt: checkpoint.attempt + 1 }, context, failure, { step: 'submit' });
}
