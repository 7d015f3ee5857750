import { type Blocker, type StepName, WAIT_CAUSES, WAITS, type WaitingFor } from '@darkroom/api';
import {
  type ControlState,
  type Drain,
  findPauses,
  listOpenPauses,
  type PausableRender,
  type SubmissionPause,
} from '../control/index.ts';
import type { BudgetWait, Stops } from '../queues/index.ts';
import { formatDollars } from './render-response.ts';

/** What can keep renders waiting at this moment, for all of them. */
export interface WaitConditions extends Stops {
  /** Unix milliseconds: when this was read. */
  at: number;
  /** Pauses of submission, and the renders that are let through. */
  control: ControlState;
  /** Submissions wait in their queue for the provider's quota. */
  hasSubmitBacklog: boolean;
  isStoreAway: boolean;
  /** Every worker that runs is drained: the drain that was set last. Not known to workers, which only know their own. */
  drained?: Drain;
}

/** A render that has not ended. `delayedUntil`: Unix milliseconds, when its job runs again. */
export interface WaitingRender extends PausableRender {
  step: StepName;
  delayedUntil?: number | undefined;
  /** The budget for which its submission waits. */
  budget?: BudgetWait;
}

/** A render that waits for a budget: its name, limit and renewal are in the reason. */
function describeBudgetWait({ name, limitMicros, per, since, renewsAt, isUnpriced }: BudgetWait): Blocker {
  const period = per === 'day' ? 'per UTC day' : 'in total';
  const limit = `budget ${name}: $${formatDollars(limitMicros)} ${period}`;
  const renewal =
    renewsAt === undefined ? 'it does not renew' : `it renews at ${new Date(renewsAt).toISOString()}`;
  const reason = isUnpriced
    ? `${limit}; the price of this render is not known, so nothing can be reserved: set PRICES`
    : `${limit} is used up; ${renewal}`;
  return describe('budget', { name, reason, since, until: renewsAt });
}

/** What a render waits for, or null if nothing keeps it from going on. Of several causes, the first of {@link WAIT_CAUSES}. */
export function findWaitCause(render: WaitingRender, now: WaitConditions): WaitingFor | null {
  const [first, ...others] = listBlockers(render, now).toSorted(
    (one, other) => WAIT_CAUSES.indexOf(one.cause) - WAIT_CAUSES.indexOf(other.cause),
  );
  if (!first) return null;
  const { cause, name, until } = first;
  const { resolvesItself, command } = WAITS[cause];
  const runsAt = cause === 'paused' || cause === 'budget' ? until : toIsoTime(render.delayedUntil);
  return {
    ...first,
    retry_at: runsAt,
    resolves_itself: resolvesItself || until !== null,
    command: command
      .replace('{id}', render.renderId)
      .replace('{name}', name?.replace(/^queue-/, '') ?? '<name>'),
    also: others,
  };
}

/** The causes for which renders wait, for probes and metrics. */
export function listWaitCauses(now: WaitConditions): WaitingFor['cause'][] {
  const isPaused = now.pauses.length > 0 || listOpenPauses(now.control, now.at).length > 0;
  return [
    ...(isPaused ? (['paused'] as const) : []),
    ...(now.account ? (['account'] as const) : []),
    ...(now.isStoreAway ? (['store'] as const) : []),
    ...(now.drained ? (['drained'] as const) : []),
    ...(now.hasSubmitBacklog ? (['quota'] as const) : []),
  ];
}

/** Everything that keeps a render from going on. A further cause gets its place here and in `WAIT_CAUSES`. */
function listBlockers(render: WaitingRender, now: WaitConditions): Blocker[] {
  const { step } = render;
  const pauses = listPauses(render, now);
  const drained = now.drained ? [describeDrain(now.drained)] : [];
  switch (step) {
    case 'submit': {
      const { account } = now;
      const refused = account && describe('account', { reason: account.reason, since: account.since });
      return [
        ...pauses,
        ...(refused ? [refused] : []),
        ...(render.budget ? [describeBudgetWait(render.budget)] : []),
        ...drained,
        // A paused render does not wait for its turn.
        ...(now.hasSubmitBacklog && pauses.length === 0 ? [describe('quota')] : []),
      ];
    }
    case 'hold':
      return [
        ...pauses,
        describe('unknown_purchase', { reason: 'the outcome of the submission is unknown' }),
      ];
    case 'poll':
      return [...pauses, ...drained, describe('provider')];
    case 'store':
    case 'finish':
      return [...pauses, ...(now.isStoreAway ? [describe('store')] : []), ...drained];
  }
}

/** The pauses of the queues of this step, then the pauses of its submission. */
function listPauses(render: WaitingRender, now: WaitConditions): Blocker[] {
  const { step } = render;
  const queues: readonly string[] = step === 'submit' || step === 'store' ? [step, 'render'] : ['render'];
  const ofQueues = now.pauses
    .filter(({ queue }) => queues.includes(queue))
    .map(({ queue, record }) => {
      const facts = record && { actor: record.actor, owner: record.actor, reason: record.reason };
      return describe('paused', { name: `queue-${queue}`, since: record?.since, ...facts });
    });
  const ofSubmission = step === 'submit' ? findPauses(now.control, render, now.at) : [];
  return [...ofQueues, ...ofSubmission.map(describePause)];
}

const describePause = ({ name, actor, owner, reason, since, until }: SubmissionPause): Blocker =>
  describe('paused', { name, actor, owner, reason, since, until });

const describeDrain = ({ worker, actor, reason, since }: Drain): Blocker =>
  describe('drained', { name: worker, actor, reason, since });

interface BlockerFacts {
  name?: string;
  actor?: string;
  owner?: string;
  reason?: string;
  since?: number | undefined;
  until?: number | undefined;
}

const describe = (cause: Blocker['cause'], facts: BlockerFacts = {}): Blocker => ({
  cause,
  name: facts.name ?? null,
  actor: facts.actor ?? null,
  owner: facts.owner ?? null,
  reason: facts.reason ?? null,
  since: toIsoTime(facts.since),
  until: toIsoTime(facts.until),
});

const toIsoTime = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
