import type { PollAnswer } from '@darkroom/providers';
import type { Acceptance } from '@darkroom/shared/ledger';
import {
  type Checkpoint,
  type CheckpointAt,
  changeOutcome,
  type Purchase,
  recordPurchase,
} from '@darkroom/shared/render';
import {
  checkGrace,
  checkTimeLimit,
  createSituation,
  decide,
  estimateLatency,
  nextPollDelay,
  pickDoubt,
  type Trouble,
} from '../decide/index.ts';
import { leaveTask } from './end-render.ts';
import type { StepContext } from './step-context.ts';
import { applyDecision, goTo, type Transition, waitAt } from './transitions.ts';

/** Used if the provider does not say when a result expires: an hour less than its documented day. */
const ASSUMED_RESULT_LIFE_MS = 23 * 3600_000;

type PollCheckpoint = CheckpointAt<'poll'>;
type Accepted = Pick<Acceptance, 'taskId' | 'acceptedAt'>;

/** The provider has accepted the present purchase: adds it to the checkpoint and plans the first poll. */
export function startPolling(checkpoint: Checkpoint, context: StepContext, accepted: Accepted): Transition {
  const { clock, settings } = context.infra;
  return waitAt(
    { ...checkpoint, purchases: addPurchase(checkpoint, accepted, context) },
    {
      step: 'poll',
      taskId: accepted.taskId,
      acceptedAt: accepted.acceptedAt,
      // From now, not from the acceptance: a render that waited past its deadline is still polled.
      deadlineAt: clock.now() + settings.TASK_DEADLINE_MS,
      polls: 0,
      progress: 0,
    },
    planNextPoll(checkpoint, context, { acceptedAt: accepted.acceptedAt, isFirst: true }),
  );
}

/** All purchases of a render, with its present one as accepted. */
export const addPurchase = (
  checkpoint: Checkpoint,
  accepted: Accepted,
  context: Pick<StepContext, 'infra'>,
) =>
  recordPurchase(checkpoint.purchases, {
    ...createUnknownPurchase(checkpoint, context),
    outcome: 'accepted',
    taskId: accepted.taskId,
    acceptedAt: accepted.acceptedAt,
  });

/** All purchases of a render, with its present one as unknown, unless it is known already. */
export const addUnknownPurchase = (
  checkpoint: Checkpoint,
  context: Pick<StepContext, 'infra'>,
): Purchase[] =>
  checkpoint.purchases.some(({ attempt }) => attempt === checkpoint.attempt)
    ? checkpoint.purchases
    : recordPurchase(checkpoint.purchases, createUnknownPurchase(checkpoint, context));

const createUnknownPurchase = (
  { attempt, provider, request }: Checkpoint,
  { infra }: Pick<StepContext, 'infra'>,
): Purchase => ({
  provider,
  attempt,
  outcome: 'unknown',
  costMicros: infra.provider.priceMicros(request),
});

/** Polls the task once. */
export async function pollStep(checkpoint: PollCheckpoint, context: StepContext): Promise<Transition> {
  const { job, infra, own } = context;
  const quotaMs = await own.takePollToken();
  if (quotaMs > 0) {
    const trouble: Trouble = { kind: 'poll_quota_used', retryAfterMs: quotaMs };
    return decideAndApply(checkpoint, context, trouble, 'the poll quota of this second is used up');
  }
  const answer = await infra.provider.poll(checkpoint.at.taskId, job.signal);
  infra.metrics.polls.inc({ answer: answer.kind });
  const { missingSince, ...step } = checkpoint.at;
  const at = { ...step, polls: step.polls + 1 };
  const polled: PollCheckpoint = { ...checkpoint, at };
  switch (answer.kind) {
    case 'pending':
      return handlePending(markAccepted(polled), context, answer);
    case 'completed':
      return handleCompleted(markAccepted(polled), context, answer);
    case 'failed': {
      const { renderId, attempt } = checkpoint;
      const purchases = changeOutcome(checkpoint.purchases, attempt, 'refunded');
      const reason = infra.scrub(answer.message);
      // Before the render goes on, so that its cost can be rebuilt if the queue loses the checkpoint.
      await infra.ledger.writeRefund(
        renderId,
        attempt,
        { refundedAt: infra.clock.now(), reason },
        job.signal,
      );
      await own.budgets.release(checkpoint);
      await job.note(`task ${at.taskId} failed after ${countPolls(at.polls)} and was refunded: ${reason}`);
      const trouble: Trouble = { kind: 'task_failed', content: answer.content };
      const message = `the provider's task failed: ${answer.message}`;
      return decideAndApply({ ...polled, purchases }, context, trouble, message);
    }
    case 'missing': {
      const missing = { ...polled, at: { ...at, missingSince: missingSince ?? infra.clock.now() } };
      return decideAndApply(
        missing,
        context,
        { kind: 'task_missing' },
        'the provider does not know the task',
      );
    }
    case 'rate_limited': {
      await own.blockPolls(answer.retryAfterMs);
      const trouble: Trouble = { kind: 'poll_failed', retryAfterMs: answer.retryAfterMs };
      return decideAndApply(polled, context, trouble, 'the provider refuses polls: rate limited');
    }
    case 'unreadable':
      return decideAndApply(polled, context, { kind: 'poll_failed' }, `no readable status: ${answer.reason}`);
  }
}

/** The task exists, so it was charged: also after a redrive of a render whose task counted as lost. */
const markAccepted = (checkpoint: PollCheckpoint): PollCheckpoint => ({
  ...checkpoint,
  purchases: changeOutcome(checkpoint.purchases, checkpoint.attempt, 'accepted'),
});

function handlePending(
  checkpoint: PollCheckpoint,
  context: StepContext,
  answer: Extract<PollAnswer, { kind: 'pending' }>,
): Transition {
  const { infra } = context;
  const { at, renderId } = checkpoint;
  const { status, progress } = answer;
  if (!answer.isKnownStatus) {
    infra.metrics.unknownStatuses.inc();
    infra.log.warn({ renderId, status }, 'provider answered with an undocumented status');
  }
  const pending = { ...checkpoint, at: { ...at, progress, lastPendingAt: infra.clock.now() } };
  const trouble: Trouble = {
    kind: 'task_pending',
    nextPollMs: planNextPoll(checkpoint, context, { acceptedAt: at.acceptedAt, isFirst: false }),
  };
  return decideAndApply(pending, context, trouble, `still ${status} at its deadline`);
}

async function handleCompleted(
  checkpoint: PollCheckpoint,
  { job, infra, own }: StepContext,
  answer: Extract<PollAnswer, { kind: 'completed' }>,
): Promise<Transition> {
  const { at, renderId, attempt, request } = checkpoint;
  const now = infra.clock.now();
  const expiresAt = answer.expiresAt ?? now + ASSUMED_RESULT_LIFE_MS;
  const seenMs = now - at.acceptedAt;
  const pendingMs = at.lastPendingAt === undefined ? 0 : at.lastPendingAt - at.acceptedAt;
  own.latencies.observe(request.resolution, estimateLatency({ pendingMs, seenMs, tookMs: answer.tookMs }));
  // The URL may be signed, so it is kept in the ledger and not in the queue (I8).
  await infra.ledger.writeResult(renderId, attempt, { url: answer.url, expiresAt }, job.signal);
  await job.note(`task ${at.taskId} completed after ${countPolls(at.polls)}; storing`);
  return goTo(checkpoint, { step: 'store', taskId: at.taskId, expiresAt });
}

const countPolls = (polls: number) => `${polls} ${polls === 1 ? 'poll' : 'polls'}`;

/** Ms until the next poll of the render's task. */
function planNextPoll(
  { request }: Checkpoint,
  { infra, own }: StepContext,
  { acceptedAt, isFirst }: { acceptedAt: number; isFirst: boolean },
): number {
  return nextPollDelay({
    elapsedMs: infra.clock.now() - acceptedAt,
    isFirst,
    latency: own.latencies.shape(request.resolution),
    inFlight: own.countInFlight(),
    pollsPerSecond: own.readPollsPerSecond(),
    random: infra.clock.random(),
  });
}

function decideAndApply(
  checkpoint: PollCheckpoint,
  context: StepContext,
  trouble: Trouble,
  message: string,
): Transition {
  const { at, attempt } = checkpoint;
  // Without a poll, nothing is known about the task.
  const checked = trouble.kind === 'poll_quota_used' ? { at, isOver: false } : checkLimits(at, context.infra);
  const { isOver } = checked;
  const situation = createSituation(context.infra, { tries: at.polls, attempt, isOver });
  const decision = decide(trouble, situation);
  const next = { ...checkpoint, at: checked.at };
  const left = decision.kind === 'dead' ? leaveTask(next) : next;
  return applyDecision(left, context, decision, message);
}

/** Checks the time limit of a task: the grace while the provider does not know it, else the deadline. */
function checkLimits(
  at: PollCheckpoint['at'],
  { clock, settings }: StepContext['infra'],
): { at: PollCheckpoint['at']; isOver: boolean } {
  const { doubtedSince, ...step } = at;
  const maxMs = step.missingSince === undefined ? settings.TASK_DEADLINE_MS : settings.TASK_MISSING_GRACE_MS;
  const endsAt = step.missingSince === undefined ? step.deadlineAt : step.missingSince + maxMs;
  const { limit, isOver } = checkTimeLimit(
    { endsAt, doubtedSince },
    { now: clock.now(), maxMs, graceMs: checkGrace(maxMs) },
  );
  const moved =
    step.missingSince === undefined ? { deadlineAt: limit.endsAt } : { missingSince: limit.endsAt - maxMs };
  return { at: { ...step, ...moved, ...pickDoubt(limit) }, isOver };
}
