import { type Accepted, type Checkpoint, type CheckpointAt, priceOf, submitJobId } from '@darkroom/shared';
import { planLook } from '../decide/index.ts';
import { die, failureOf, go, type Move, type StepContext, waitAt } from './moves.ts';

/** Has the purchase made by a child in the `submit` queue, and goes on from what became of it. */
export async function submitStep(checkpoint: CheckpointAt<'submit'>, context: StepContext): Promise<Move> {
  const { deps, job } = context;
  const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await deps.children.submit(id);
  switch (child.is) {
    case 'absent':
    case 'pending':
      return { end: 'child', child: { queue: 'submit', id, checkpoint }, absent: child.is === 'absent' };
    case 'completed':
      if (child.value.outcome === 'unknown') return hold(checkpoint, context, child.value.reason);
      await job.note(`accepted as ${child.value.taskId}`);
      return firstLook(checkpoint, context, child.value);
    case 'failed': {
      if (child.failure) return die(checkpoint, context, child.failure, { step: 'submit' });
      // The child's workers were lost. Only the ledger can say whether it bought.
      const standing = await deps.ledger.standing(checkpoint.renderId, checkpoint.attempt, job.signal);
      if (standing.state === 'accepted') return firstLook(checkpoint, context, standing.accepted);
      if (standing.state === 'intended')
        return hold(checkpoint, context, 'the worker was lost while submitting');
      const failure = failureOf(
        deps,
        'submit',
        'worker_lost',
        'workers were lost too often while submitting',
      );
      return die(checkpoint, context, failure, { step: 'submit' });
    }
  }
}

async function hold(checkpoint: Checkpoint, { deps, job }: StepContext, reason: string): Promise<Move> {
  const until = deps.clock.now() + deps.settings.UNKNOWN_GRACE_MS;
  deps.metrics.unknownSubmissions.inc();
  deps.log.warn(
    { renderId: checkpoint.renderId, attempt: checkpoint.attempt, reason },
    'submission outcome unknown',
  );
  await job.note(`outcome unknown (${reason}); not bought again, waiting for the provider's word`);
  return go(checkpoint, { step: 'hold', reason, until });
}

/** A task is at the provider: note the purchase and plan the first look. */
export function firstLook(
  checkpoint: Checkpoint,
  { deps }: StepContext,
  accepted: Pick<Accepted, 'taskId' | 'acceptedAt'>,
): Move {
  const { settings, clock } = deps;
  const { attempt, request } = checkpoint;
  const purchases = [
    ...checkpoint.purchases.filter((purchase) => purchase.attempt !== attempt),
    {
      attempt,
      taskId: accepted.taskId,
      acceptedAt: accepted.acceptedAt,
      costMicros: priceOf(settings, request.resolution),
      refunded: false,
    },
  ];
  const afterMs = planLook({
    elapsedMs: clock.now() - accepted.acceptedAt,
    latency: deps.latencies.shape(request.resolution),
    inFlight: deps.inFlight(),
    queriesPerSecond: settings.TOAPIS_QUERY_PER_SECOND,
    random: clock.random(),
  });
  return waitAt(
    { ...checkpoint, purchases },
    {
      step: 'poll',
      taskId: accepted.taskId,
      acceptedAt: accepted.acceptedAt,
      // From now, not from acceptance: a render that slept through its deadline gets its look all the same.
      deadlineAt: clock.now() + settings.TASK_DEADLINE_MS,
      looks: 0,
      progress: 0,
    },
    afterMs,
  );
}
