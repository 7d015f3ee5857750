import type { CatalogueEtaReason, CatalogueRunResponse, CatalogueRunStatus } from '@darkroom/api';
import type { RunSummary } from '@darkroom/catalogue';
import { formatDollars } from '@darkroom/shared/snapshot';
import type { RunFacts } from './read-runs.ts';

/** A response lists at most this many problems. */
const MAX_PROBLEMS = 100;

const toIsoTime = (at: number) => new Date(at).toISOString();

/** @param base the URL by which the caller reached this API @param now Unix milliseconds */
export function runResponse(
  facts: RunFacts,
  { base, now }: { base: string; now: number },
): CatalogueRunResponse {
  const { request, plan, job, summary } = facts;
  const { tenant, catalogue, run } = request;
  const progress = job?.progress;
  const problems = summary?.problems ?? plan?.quarantine ?? { count: 0, listed: [] };
  return {
    object: 'catalogue_run',
    catalogue,
    tenant,
    run,
    ...findStatus(facts),
    actor: request.actor,
    retry_of: request.retry?.of ?? null,
    requested_at: toIsoTime(request.createdAt),
    started_at: job?.startedAt === undefined ? null : toIsoTime(job.startedAt),
    ended_at: summary?.ended_at ?? null,
    accepted: request.accepted,
    stops_buying: job?.stop ?? (facts.control ? 'canceled' : null),
    rows: plan?.rows ?? summary?.rows ?? null,
    items: plan?.items ?? null,
    buys: plan?.buys ?? null,
    price: plan ? formatDollars(plan.priceMicros) : null,
    ended: summary?.counts.items ?? progress?.ended ?? 0,
    pending: summary ? 0 : (progress?.pending ?? 0),
    ...describeEta(facts, now),
    counts: summary?.counts ?? {
      items: progress?.delivered ?? 0,
      bought: progress?.bought ?? 0,
      unchanged: progress?.unchanged ?? 0,
      quarantined: progress?.quarantined ?? 0,
      not_bought: progress?.notBought ?? 0,
      failed: progress?.failed ?? 0,
    },
    cost: {
      ...(summary?.cost ?? {
        spent: formatDollars(progress?.spentMicros ?? 0),
        refunded: null,
        possibly_spent: null,
      }),
      currency: 'USD',
    },
    guards: summary?.guards ?? plan?.guards ?? [],
    problems: { count: problems.count, listed: problems.listed.slice(0, MAX_PROBLEMS) },
    manifest: summary?.manifest ?? null,
    links: { self: `${base}/v1/catalogues/${catalogue}/runs/${run}` },
  };
}

function findStatus({ job, summary, control }: RunFacts): {
  status: CatalogueRunStatus;
  reason: string | null;
} {
  if (summary) return { status: summary.status, reason: summary.reason };
  const reason = job?.waits ?? control?.reason ?? null;
  if (!job || job.startedAt === undefined) return { status: 'waiting', reason };
  return { status: STATUS_OF_PHASE[job.phase], reason };
}

function describeEta(
  { job, summary }: RunFacts,
  now: number,
): Pick<CatalogueRunResponse, 'eta' | 'eta_reason'> {
  const none = (reason: CatalogueEtaReason) => ({ eta: null, eta_reason: reason });
  if (summary) return none('ended');
  if (!job) return none('unavailable');
  const { phase, progress, startedAt, waits } = job;
  if (startedAt === undefined || waits !== undefined) return none('waiting');
  if (phase === 'deliver') return none('delivering');
  if (!progress) return none('planning');
  const { items, ended, endedPerMinute } = progress;
  if (endedPerMinute === undefined) return none('too_few_samples');
  return { eta: toIsoTime(now + ((items - ended) / endedPerMinute) * 60_000), eta_reason: null };
}

const STATUS_OF_PHASE = {
  plan: 'planning',
  render: 'rendering',
  deliver: 'delivering',
} as const satisfies Record<string, Exclude<CatalogueRunStatus, RunSummary['status']>>;
