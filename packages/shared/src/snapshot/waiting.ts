import type { StepName, WaitingFor } from '@darkroom/api';
import type { BudgetWait, Stops } from '../queues/index.ts';
import { formatDollars } from './render-response.ts';

/** What can keep renders waiting at this moment, for all of them. */
export interface WaitConditions extends Stops {
  /** Submissions wait in their queue for the provider's quota. */
  hasSubmitBacklog: boolean;
  isStoreAway: boolean;
}

/** What a render at this step waits for, or null if nothing keeps it from going on. */
export function findWaitCause(step: StepName, now: WaitConditions): WaitingFor | null {
  const paused = findPause(step === 'submit' || step === 'store' ? [step, 'render'] : ['render'], now);
  if (paused) return paused;
  switch (step) {
    case 'submit': {
      const { account } = now;
      if (account) return describeCause('account', { reason: account.reason, since: account.since });
      return now.hasSubmitBacklog ? describeCause('quota') : null;
    }
    case 'hold':
      return describeCause('provider', { reason: 'the outcome of the submission is unknown' });
    case 'poll':
      return describeCause('provider');
    case 'store':
    case 'finish':
      return now.isStoreAway ? describeCause('store') : null;
  }
}

/** A render that waits for a budget: its name, limit and renewal are in the reason. */
export function describeBudgetWait({
  name,
  limitMicros,
  per,
  since,
  renewsAt,
  isUnpriced,
}: BudgetWait): WaitingFor {
  const period = per === 'day' ? 'per UTC day' : 'in total';
  const limit = `budget ${name}: $${formatDollars(limitMicros)} ${period}`;
  const renewal =
    renewsAt === undefined ? 'it does not renew' : `it renews at ${new Date(renewsAt).toISOString()}`;
  const reason = isUnpriced
    ? `${limit}; the price of this render is not known, so nothing can be reserved: set PRICES`
    : `${limit} is used up; ${renewal}`;
  return describeCause('budget', { reason, since });
}

/** The causes for which queues wait, for probes and metrics. */
export function listWaitCauses(now: WaitConditions): WaitingFor['cause'][] {
  return [
    ...(now.pauses.length > 0 ? (['paused'] as const) : []),
    ...(now.account ? (['account'] as const) : []),
    ...(now.isStoreAway ? (['store'] as const) : []),
    ...(now.hasSubmitBacklog ? (['quota'] as const) : []),
  ];
}

function findPause(queues: string[], { pauses }: Stops): WaitingFor | undefined {
  const pause = pauses.find(({ queue }) => queues.includes(queue));
  if (!pause) return undefined;
  const { record } = pause;
  return record
    ? describeCause('paused', { actor: record.actor, reason: record.reason, since: record.since })
    : describeCause('paused');
}

const describeCause = (
  cause: WaitingFor['cause'],
  { actor, reason, since }: { actor?: string; reason?: string; since?: number } = {},
): WaitingFor => ({
  cause,
  actor: actor ?? null,
  reason: reason ?? null,
  since: since === undefined ? null : new Date(since).toISOString(),
});
