import { type CheckpointAt, storeJobId } from '@darkroom/shared/render';
import { decide } from '../decide/index.ts';
import { cancelFrom } from './cancel-step.ts';
import { limitsOf } from './render-deps.ts';
import { buyAgain, die, failureOf, go, type Move, type StepContext } from './transitions.ts';

/** Has the image brought home by a child in the `store` queue. */
export async function storeStep(checkpoint: CheckpointAt<'store'>, context: StepContext): Promise<Move> {
  const { deps, job } = context;
  const { taskId, expiresAt } = checkpoint.at;
  const id = storeJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await deps.children.store(id);
  switch (child.is) {
    case 'absent': {
      const asked = await deps.cancels.asked(checkpoint.renderId);
      if (asked) return cancelFrom(checkpoint, context, asked);
      return { end: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: true };
    }
    case 'pending':
      return { end: 'child', child: { queue: 'store', id, checkpoint, taskId, expiresAt }, absent: false };
    case 'completed':
      if (child.value.kind === 'stored') return go(checkpoint, { step: 'finish', image: child.value.image });
      await job.note('the result expired before it was stored');
      return expired(checkpoint, context);
    case 'failed': {
      const failure =
        child.failure ?? failureOf(deps, 'store', 'worker_lost', 'workers were lost too often while storing');
      return die(checkpoint, context, failure, checkpoint.at);
    }
  }
}

function expired(checkpoint: CheckpointAt<'store'>, context: StepContext): Move {
  const { deps } = context;
  const decision = decide(
    { seen: 'result_expired' },
    {
      now: deps.clock.now(),
      random: deps.clock.random(),
      tries: 1,
      attempt: checkpoint.attempt,
      limits: limitsOf(deps.settings),
    },
  );
  if (decision.do === 'buy-again') return buyAgain(checkpoint);
  const failure = failureOf(
    deps,
    'store',
    'result_expired',
    'the result expired and may not be bought again',
  );
  return die({ ...checkpoint, attempt: checkpoint.attempt + 1 }, context, failure, { step: 'submit' });
}
