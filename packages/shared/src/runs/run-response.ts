import type { RunEtaReason, RunResponse, RunResultLine, RunStatus } from '@darkroom/api';
import { type RunTally, TALLY_STATUSES } from '../engine/index.ts';
import type { Cost, RunEndEntry } from '../render/index.ts';
import { formatDollars } from '../snapshot/index.ts';
import type { RunRecord } from './records.ts';

/** Minutes of the rate. */
const RATE_MINUTES = 10;

/** The URL of a run in the API. */
export const runUrl = (base: string, id: string) => `${base}/v1/runs/${id}`;

/**
 * The API's response about a run.
 *
 * @param tally of a run that is open; of an ended run, the record of its end has the counts
 */
export function runResponse(
  record: RunRecord,
  tally: RunTally | undefined,
  { base, now }: { base: string; now: number },
): RunResponse {
  const { definition, sealed, canceled, lastEnd } = record;
  const end = record.isOpen ? undefined : lastEnd;
  const counts = countStatuses(tally, end);
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const rate = end ? undefined : readRate(tally, now);
  const remaining = counts.queued + counts.rendering + counts.storing;
  const isComplete = end !== undefined || tally?.isReady === true;
  const etaReason = findEtaReason({ hasEnded: end !== undefined, isComplete, remaining, rate });
  return {
    object: 'run',
    id: definition.id,
    tenant: definition.tenant,
    name: definition.name ?? null,
    status: readStatus(record),
    total,
    counts,
    counts_complete: isComplete,
    rate: rate ?? null,
    eta: etaReason || !rate ? null : toIsoTime(now + (remaining / rate) * 60_000),
    eta_reason: etaReason,
    ...formatCost(end?.cost ?? tally),
    currency: 'USD',
    lane: definition.lane ?? null,
    deadline: toIsoTimeOrNull(definition.deadlineAt),
    budget: definition.budgetMicros === undefined ? null : formatDollars(definition.budgetMicros),
    metadata: definition.metadata ?? {},
    created_at: toIsoTime(definition.createdAt),
    created_by: definition.actor,
    sealed_at: toIsoTimeOrNull(sealed?.at),
    canceled_at: toIsoTimeOrNull(canceled?.at),
    cancel_reason: canceled?.reason ?? null,
    finished_at: toIsoTimeOrNull(end?.endedAt),
    ends: lastEnd?.end ?? 0,
    links: { self: runUrl(base, definition.id), results: `${runUrl(base, definition.id)}/results` },
  };
}

function findEtaReason(facts: {
  hasEnded: boolean;
  isComplete: boolean;
  remaining: number;
  rate: number | undefined;
}): RunEtaReason | null {
  if (facts.hasEnded) return 'ended';
  if (!facts.isComplete) return 'restoring';
  if (facts.remaining === 0) return 'none_remain';
  return facts.rate ? null : 'too_few_samples';
}

function readStatus({ isOpen, canceled, sealed }: RunRecord): RunStatus {
  if (!isOpen) return 'finished';
  if (canceled) return 'canceling';
  return sealed ? 'sealed' : 'open';
}

function countStatuses(tally: RunTally | undefined, end: RunRecord['lastEnd']): RunResponse['counts'] {
  const none = Object.fromEntries(TALLY_STATUSES.map((status) => [status, 0])) as RunResponse['counts'];
  if (!end) return tally?.counts ?? none;
  return { ...none, completed: end.completed, failed: end.failed, canceled: end.canceled };
}

/** Renders per minute. A run that is younger than ten minutes has the rate since its first end. */
function readRate(tally: RunTally | undefined, now: number): number | undefined {
  const present = Math.floor(now / 60_000);
  const recent = [...(tally?.endedPerMinute ?? [])].filter(([minute]) => minute > present - RATE_MINUTES);
  const ended = recent.reduce((sum, [, one]) => sum + one, 0);
  if (ended === 0) return undefined;
  const first = Math.min(...recent.map(([minute]) => minute)) * 60_000;
  // Of the first minute and of the present one, only a part may count.
  const minutes = Math.max(0.5, (now - first) / 60_000);
  return Math.round((ended / minutes) * 100) / 100;
}

/** A line of the results of a run. */
export function runResultLine(entry: RunEndEntry, base: string): RunResultLine {
  const { renderId, status } = entry;
  return {
    id: renderId,
    object: 'run_result',
    status,
    finished_at: toIsoTime(entry.finishedAt),
    ...formatCost(entry),
    error_code: entry.failure ?? null,
    image_url: status === 'completed' ? `${base}/v1/renders/${renderId}/image` : null,
    ends: entry.end,
  };
}

const NO_COST: Cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 };

const formatCost = ({ spentMicros, refundedMicros, possiblySpentMicros }: Cost = NO_COST) => ({
  spent: formatDollars(spentMicros),
  refunded: formatDollars(refundedMicros),
  possibly_spent: formatDollars(possiblySpentMicros),
});

const toIsoTime = (at: number) => new Date(at).toISOString();
const toIsoTimeOrNull = (at: number | undefined) => (at === undefined ? null : toIsoTime(at));
