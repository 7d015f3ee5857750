import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import { type Acceptance } from '@darkroom/shared/ledger';
import { type SubmitResult } from '@darkroom/shared/queues';
import { type Checkpoint, type CheckpointAt, type Purchase, submitJobId } from '@darkroom/shared/render';
import { planLook } from '../decide/index.ts';
import { die, failureOf, go, type Move, type StepContext, waitAt } from './moves.ts';

/** Has the purchase made by a child in the `submit` queue, and goes on from what became of it. */
export async function submitStep(checkpoint: CheckpointAt<'submit'>, context: StepContext): Promise<Move> {
  const { deps, job } = context;
  const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await deps.children.submit(id);
  switch (child.is) {
    case 'absent':
      await begin(checkpoint, context);
      return { end: 'child', child: { queue: 'submit', id, checkpoint }, absent: true };
    case 'pending':
      return { end: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
    case 'completed':
      return submitted(checkpoint, context, child.value);
    case 'failed': {
      if (child.failure) return die(checkpoint, context, child.failure, { step: 'submit' });
      // The child's workers were lost. Only the ledger can say whether it bought.
      const standing = await deps.ledger.attemptState(checkpoint.renderId, checkpoint.attempt, job.signal);
      if (standing.kind === 'accepted') return firstLook(checkpoint, context, standing.acceptance);
      if (standing.kind === 'claimed')
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

async function submitted(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  result: SubmitResult,
): Promise<Move> {
  const { deps, job } = context;
  switch (result.kind) {
    case 'accepted':
      await job.note(`submitted: accepted as ${result.taskId}`);
      return firstLook(checkpoint, context, result);
    case 'unknown':
      return hold(checkpoint, context, result.reason);
    case 'canceled':
      // The marker that it saw is gone: nothing was bought, so it is submitted after all.
      await deps.children.remove('submit', submitJobId(checkpoint.renderId, checkpoint.attempt));
      return go(checkpoint, checkpoint.at);
  }
}

/** Before anything is bought the render is entered into the day's index: it can be listed from now on. */
async function begin(checkpoint: Checkpoint, { deps, job }: StepContext): Promise<void> {
  if (checkpoint.attempt === 1) {
    await deps.ledger.writeDayIndex(checkpoint, job.signal);
    await job.note('picked up; waits for its turn to be submitted');
  } else {
    await job.note(`is bought again (purchase ${checkpoint.attempt}); waits for its turn to be submitted`);
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
  accepted: Pick<Acceptance, 'taskId' | 'acceptedAt'>,
): Move {
  const { settings, clock } = deps;
  const { request } = checkpoint;
  const purchases = purchasesWith(checkpoint, accepted, settings);
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
      polls: 0,
      progress: 0,
    },
    afterMs,
  );
}

/** All purchases of a render, with the one of its present attempt. */
export function purchasesWith(
  { purchases, attempt, provider, request }: Checkpoint,
  { taskId, acceptedAt }: Pick<Acceptance, 'taskId' | 'acceptedAt'>,
  settings: Settings,
): Purchase[] {
  const costMicros = getRenderPrice(settings, request.resolution);
  return [
    ...purchases.filter((purchase) => purchase.attempt !== attempt),
    { provider, attempt, taskId, acceptedAt, costMicros, refunded: false },
  ];
}
