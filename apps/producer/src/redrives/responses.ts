import type { RedriveItem, RedrivePlanResponse, RedriveResponse, RedriveStatus } from '@darkroom/api';
import type { RedriveJob } from '@darkroom/shared/queues';
import {
  type ItemFailure,
  itemStatus,
  type Mark,
  type PlanItem,
  planId,
  type RedriveControlRecord,
  type RedriveEnd,
  type RedrivePlan,
  type RedriveRecord,
  redriveId,
  skipReason,
  sumCounts,
} from '@darkroom/shared/redrives';
import { formatDollars } from '@darkroom/shared/snapshot';

const toIsoTime = (at: number) => new Date(at).toISOString();
const toIsoTimeOrNull = (at: number | undefined) => (at === undefined ? null : toIsoTime(at));

export function planResponse(plan: RedrivePlan): RedrivePlanResponse {
  return {
    object: 'redrive_plan',
    id: planId(plan.key),
    created_at: toIsoTime(plan.createdAt),
    expires_at: toIsoTime(plan.expiresAt),
    total: plan.total,
    steps: plan.steps,
    purchases: {
      count: plan.buys,
      price: plan.unknown > 0 ? null : formatDollars(plan.priceMicros),
    },
    acknowledge: { count: plan.acknowledges, price: formatDollars(plan.acknowledgeMicros) },
    unknown: plan.unknown,
    not_found: plan.notFound,
    currency: 'USD',
  };
}

/** All that is known of a redrive. */
export interface RedriveFacts {
  record: RedriveRecord;
  control: RedriveControlRecord | undefined;
  /** Absent while the queue does not have its job. */
  job: RedriveJob | undefined;
  /** Present after its end. */
  end: RedriveEnd | undefined;
}

/** @param base the URL by which the caller reached this API. */
export function redriveResponse(facts: RedriveFacts, base: string): RedriveResponse {
  const { record, job, end } = facts;
  const id = redriveId(record.key);
  const [started, done, skipped, failed, buys, spendMicros] = end
    ? [end.started, end.done, end.skipped, end.failed, end.buys, end.spendMicros]
    : sumCounts(job?.counts ?? []);
  const { status, reason } = findStatus(facts);
  return {
    object: 'redrive',
    id,
    plan: planId(record.key),
    status,
    status_reason: reason ?? null,
    total: record.total,
    started,
    done,
    skipped,
    failed,
    remaining: record.total - done - skipped - failed,
    purchases: buys,
    spend: formatDollars(spendMicros),
    currency: 'USD',
    rate: record.rate,
    max_jobs: record.maxJobs ?? null,
    max_spend: record.maxSpendMicros === undefined ? null : formatDollars(record.maxSpendMicros),
    accept_duplicate_charge: record.acceptDuplicateCharge,
    poll_again: record.pollAgain,
    actor: record.actor,
    reason: record.reason ?? null,
    created_at: toIsoTime(record.createdAt),
    started_at: toIsoTimeOrNull(end ? end.startedAt : job?.startedAt),
    ended_at: toIsoTimeOrNull(end?.endedAt),
    links: { self: `${base}/v1/redrives/${id}`, items: `${base}/v1/redrives/${id}/items` },
  };
}

function findStatus({ job, control, end }: RedriveFacts): {
  status: RedriveStatus;
  reason?: string | undefined;
} {
  if (end) return { status: end.status, reason: end.statusReason };
  if (control?.wanted === 'cancel') return { status: 'canceling', reason: control.reason };
  if (control?.wanted === 'pause') return { status: 'paused', reason: control.reason };
  if (job?.startedAt === undefined) return { status: 'waiting' };
  // A cap was reached, and started renders have not ended yet.
  return { status: 'running', reason: job.stop?.reason };
}

export function itemResponse(
  item: PlanItem,
  mark: Mark,
  failure: ItemFailure | undefined,
  { acceptDuplicateCharge }: RedriveRecord,
): RedriveItem {
  const { id, step, action, priceMicros } = item;
  const buys = action === 'buy' || (action === 'acknowledge' && acceptDuplicateCharge);
  return {
    id,
    status: itemStatus(mark),
    step,
    buys,
    price: action === 'unknown' ? null : formatDollars(buys ? priceMicros : 0),
    skip_reason: skipReason(mark) ?? null,
    error: mark === 'f' ? (failure ?? null) : null,
  };
}
