import { priceOfResolution, type Settings } from '@darkroom/shared/config';
import { type Acceptance } from '@darkroom/shared/ledger';
import { type SubmitResult } from '@darkroom/shared/queues';
import { type Checkpoint, type CheckpointAt, type Purchase, submitJobId } from '@darkroom/shared/render';
import { nextPollDelay } from '../decide/index.ts';
import { createFailure, failRender, goTo, type StepContext, type Transition, waitAt } from './transitions.ts';

/** Has the purchase made by a child in the `submit` queue, and goes on from what became of it. */
export async function submitStep(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
): Promise<Transition> {
  const { deps, job } = context;
  const id = submitJobId(checkpoint.renderId, checkpoint.attempt);
  const child = await deps.children.submit(id);
  switch (child.kind) {
    case 'absent':
      await noteAndIndex(checkpoint, context);
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: true };
    case 'pending':
      return { kind: 'child', child: { queue: 'submit', id, checkpoint }, absent: false };
    case 'completed':
      return submitted(checkpoint, context, child.value);
    case 'failed': {
      if (child.failure) return failRender(checkpoint, context, child.failure, { step: 'submit' });
      // The child's workers were lost. Only the ledger can say whether it bought.
      const standing = await deps.ledger.attemptState(checkpoint.renderId, checkpoint.attempt, job.signal);
      if (standing.kind === 'accepted') return startPolling(checkpoint, context, standing.acceptance);
      if (standing.kind === 'claimed')
        return startHolding(checkpoint, context, 'the worker was lost while submitting');
      const failure = createFailure(
        deps,
        'submit',
        'worker_lost',
        'workers were lost too often while submitting',
      );
      return failRender(checkpoint, context, failure, { step: 'submit' });
    }
  }
}

async function submitted(
  checkpoint: CheckpointAt<'submit'>,
  context: StepContext,
  result: SubmitResult,
): Promise<Transition> {
  const { deps, job } = context;
  switch (result.kind) {
    case 'accepted':
      await job.note(`submitted: accepted as ${result.taskId}`);
      return startPolling(checkpoint, context, result);
    case 'unknown':
      return startHolding(checkpoint, context, result.reason);
    case 'canceled':
      // The marker that it saw is gone: nothing was bought, so it is submitted after all.
      await deps.children.remove('submit', submitJobId(checkpoint.renderId, checkpoint.attempt));
      return goTo(checkpoint, checkpoint.at);
  }
}

/** Before anything is bought the render is entered into the day's index: it can be listed from now on. */
async function noteAndIndex(checkpoint: Checkpoint, { deps, job }: StepContext): Promise<void> {
  if (checkpoint.attempt === 1) {
    await deps.ledger.writeDayIndex(checkpoint, job.signal);
    await job.note('picked up; waits for its turn to be submitted');
  } else {
    await job.note(`is bought again (purchase ${checkpoint.attempt}); waits for its turn to be submitted`);
  }
}

async function startHolding(
  checkpoint: Checkpoint,
  { deps, job }: StepContext,
  reason: string,
): Promise<Transition> {
  const until = deps.clock.now() + deps.settings.UNKNOWN_GRACE_MS;
  deps.metrics.unknownSubmissions.inc();
  deps.log.warn(
    { renderId: checkpoint.renderId, attempt: checkpoint.attempt, reason },
    'submission outcome unknown',
  );
  await job.note(`outcome unknown (${reason}); not bought again, waiting for the provider's word`);
  return goTo(checkpoint, { step: 'hold', reason, until });
}

/** A task is at the provider: note the purchase and plan the first look. */
export function startPolling(
  checkpoint: Checkpoint,
  { deps }: StepContext,
  accepted: Pick<Acceptance, 'taskId' | 'acceptedAt'>,
): Transition {
  const { settings, clock } = deps;
  const { request } = checkpoint;
  const purchases = addPurchase(checkpoint, accepted, settings);
  const afterMs = nextPollDelay({
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
export function addPurchase(
  { purchases, attempt, provider, request }: Checkpoint,
  { taskId, acceptedAt }: Pick<Acceptance, 'taskId' | 'acceptedAt'>,
  settings: Settings,
): Purchase[] {
  const costMicros = priceOfResolution(settings, request.resolution);
  return [
    ...purchases.filter((purchase) => purchase.attempt !== attempt),
    { provider, attempt, taskId, acceptedAt, costMicros, refunded: false },
  ];
}
