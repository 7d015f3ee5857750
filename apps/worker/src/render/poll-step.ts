import type { CheckpointAt, LiveStep } from '@darkroom/shared/render';
import {
  type Decision,
  decide,
  estimateLatency,
  nextPollDelay,
  type Situation,
  type Trouble,
} from '../decide/index.ts';
import type { StatusAnswer } from '../providers/index.ts';
import { limitsOf } from './render-deps.ts';
import {
  buyAgain,
  createFailure,
  failRender,
  goTo,
  type StepContext,
  type Transition,
  waitAt,
} from './transitions.ts';

/** Used where the provider does not say when a result expires: an hour less than its documented day. */
const ASSUMED_RESULT_LIFE_MS = 23 * 3600_000;

type PollCheckpoint = CheckpointAt<'poll'>;

/** One look at the task. */
export async function pollStep(checkpoint: PollCheckpoint, context: StepContext): Promise<Transition> {
  const { deps, job } = context;
  const quotaMs = await deps.takePollToken();
  if (quotaMs > 0) return waitAt(checkpoint, checkpoint.at, quotaMs + deps.clock.random() * 1000);
  const answer = await deps.provider.status(checkpoint.at.taskId, job.signal);
  deps.metrics.polls.inc({ answer: answer.kind });
  const { missingSince, ...step } = checkpoint.at;
  const at = { ...step, polls: step.polls + 1 };
  const looked: PollCheckpoint = { ...checkpoint, at };
  switch (answer.kind) {
    case 'pending':
      return pending(looked, context, answer);
    case 'completed':
      return completed(looked, context, answer);
    case 'failed': {
      const purchases = checkpoint.purchases.map((purchase) =>
        purchase.attempt === checkpoint.attempt ? { ...purchase, refunded: true } : purchase,
      );
      await job.note(
        `task ${at.taskId} failed after ${at.polls} looks and was refunded: ${deps.scrub(answer.message)}`,
      );
      return apply(
        { ...looked, purchases },
        context,
        { kind: 'task_failed', content: answer.content },
        `the provider's task failed: ${answer.message}`,
      );
    }
    case 'missing': {
      const since = missingSince ?? deps.clock.now();
      const trouble: Trouble = { kind: 'task_missing' };
      return apply(
        { ...looked, at: { ...at, missingSince: since } },
        context,
        trouble,
        'the provider does not know the task',
      );
    }
    case 'rate_limited':
      await deps.blockPolls(answer.retryAfterMs);
      return apply(
        looked,
        context,
        { kind: 'look_failed', retryAfterMs: answer.retryAfterMs },
        'the query quota is used up',
      );
    case 'unreadable':
      return apply(looked, context, { kind: 'look_failed' }, `no readable status: ${answer.reason}`);
  }
}

async function pending(
  checkpoint: PollCheckpoint,
  context: StepContext,
  answer: Extract<StatusAnswer, { kind: 'pending' }>,
): Promise<Transition> {
  const { deps } = context;
  const { at, request, renderId } = checkpoint;
  if (!answer.recognised) {
    deps.metrics.unknownStatuses.inc();
    deps.log.warn(
      { renderId, status: answer.status },
      'the provider answers with a status nobody documented',
    );
  }
  const now = deps.clock.now();
  if (now >= at.deadlineAt) {
    return apply(checkpoint, context, { kind: 'look_failed' }, `still ${answer.status} at its deadline`);
  }
  const afterMs = nextPollDelay({
    elapsedMs: now - at.acceptedAt,
    latency: deps.latencies.shape(request.resolution),
    inFlight: deps.inFlight(),
    queriesPerSecond: deps.settings.TOAPIS_QUERY_PER_SECOND,
    random: deps.clock.random(),
  });
  return waitAt(checkpoint, { ...at, progress: answer.progress, lastPendingAt: now }, afterMs);
}

async function completed(
  checkpoint: PollCheckpoint,
  { deps, job }: StepContext,
  answer: Extract<StatusAnswer, { kind: 'completed' }>,
): Promise<Transition> {
  const { at, renderId, attempt, request } = checkpoint;
  const now = deps.clock.now();
  const expiresAt = answer.expiresAt ?? now + ASSUMED_RESULT_LIFE_MS;
  const seenMs = now - at.acceptedAt;
  const pendingMs = at.lastPendingAt === undefined ? 0 : at.lastPendingAt - at.acceptedAt;
  deps.latencies.observe(request.resolution, estimateLatency({ pendingMs, seenMs, tookMs: answer.tookMs }));
  // The URL may be signed, so it is kept in the ledger and not in the queue (I8).
  await deps.ledger.writeResult(renderId, attempt, { url: answer.url, expiresAt }, job.signal);
  await job.note(
    `task ${at.taskId} completed after ${at.polls} ${at.polls === 1 ? 'look' : 'looks'}; storing`,
  );
  return goTo(checkpoint, { step: 'store', taskId: at.taskId, expiresAt });
}

function apply(
  checkpoint: PollCheckpoint,
  context: StepContext,
  trouble: Trouble,
  message: string,
): Transition {
  const { deps } = context;
  const { at } = checkpoint;
  const situation: Situation = {
    now: deps.clock.now(),
    random: deps.clock.random(),
    tries: at.polls,
    attempt: checkpoint.attempt,
    deadlineAt: at.deadlineAt,
    ...(at.missingSince === undefined ? {} : { missingSince: at.missingSince }),
    limits: limitsOf(deps.settings),
  };
  const decision: Decision = decide(trouble, situation);
  switch (decision.kind) {
    case 'wait':
    case 'retry':
      return waitAt(checkpoint, at, decision.afterMs);
    case 'buy-again':
      return buyAgain(checkpoint);
    case 'hold':
      return waitAt(checkpoint, at, Math.max(0, decision.until - situation.now));
    case 'dead':
      return failRender(...burial(checkpoint, context, decision.code, message));
  }
}

/** A refunded task is bought anew by a redrive; a task that may still be there is looked at again. */
function burial(
  checkpoint: PollCheckpoint,
  context: StepContext,
  code: Extract<Decision, { kind: 'dead' }>['code'],
  message: string,
): Parameters<typeof failRender> {
  const failure = createFailure(context.deps, 'poll', code, message);
  const lost = code === 'task_lost' || code === 'task_timeout';
  const resume: LiveStep = lost ? checkpoint.at : { step: 'submit' };
  const next = lost ? checkpoint : { ...checkpoint, attempt: checkpoint.attempt + 1 };
  return [next, context, failure, resume];
}
