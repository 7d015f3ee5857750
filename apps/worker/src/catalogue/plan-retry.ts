import {
  createProblemList,
  findDeadline,
  isRetried,
  type ManifestEntry,
  mayBePaid,
  parseCatalogueFile,
  type Retry,
  type RunId,
  type RunItem,
} from '@darkroom/catalogue';
import { getRenderPrice } from '@darkroom/shared/config';
import { formatDollars } from '@darkroom/shared/snapshot';
import { findRedriven } from './find-redriven.ts';
import { createPartWriter, describeKept, describeLeft, type PlanOutcome } from './plan-run.ts';
import type { RunContext } from './run-context.ts';

/**
 * Plans a run that buys again what another run has not delivered. It reads what the store has of that run, and not the source:
 * all other items stay as they are.
 */
export async function planRetry(retry: Retry, context: RunContext): Promise<PlanOutcome> {
  const { id, request, infra, own, job } = context;
  const options = { signal: job.signal };
  const base: RunId = { ...id, run: retry.of };
  const [plan, earlier, latest] = await Promise.all([
    own.runs.readPlan(base, options),
    own.runs.readRequest(base, options),
    own.runs.readLatest(id.tenant, id.catalogue, options),
  ]);
  if (!plan || !earlier) throw new Error(`the plan of the run ${retry.of} is missing in the store`);
  // Its manifest would bring back what the later run has replaced.
  if (latest && latest.run !== retry.of && Date.parse(latest.requested_at) > earlier.createdAt)
    return stop(`the run ${latest.run} has delivered since`);
  const config = parseCatalogueFile(Buffer.from(request.file), createProblemList())?.config;
  let budgetMicros = (config?.budget ?? Number.POSITIVE_INFINITY) * 1e6;
  let priceMicros = 0;
  let redriven = 0;
  const parts = createPartWriter((part, items) => own.runs.writePlanPart(id, part, items, options));
  for (let part = 0; part < plan.parts; part += 1) {
    const items = await own.runs.readPlanPart(base, part, options);
    const results = await own.runs.readResults(base, part, options);
    for (const [index, item] of items.entries()) {
      const entry = results[index];
      if (entry?.key !== item.key || entry.view !== item.view)
        throw new Error(`part ${part} of the run ${retry.of} has other results than items`);
      const isRedriven = mayBePaid(entry) && (await findRedriven(entry, context)) !== undefined;
      if (isRedriven) redriven += 1;
      const isBought = isRetried(entry, retry) && !isRedriven;
      const price = isBought ? getRenderPrice(infra.settings, readResolution(item)) : 0;
      priceMicros += price;
      const isAffordable = price <= budgetMicros;
      if (isAffordable) budgetMicros -= price;
      await parts.add(toItem(item, entry, isBought ? (isAffordable ? 'buy' : 'skip') : undefined));
    }
  }
  if (priceMicros === 0 && redriven === 0) return stop(`the run ${retry.of} has no item that a retry buys`);
  if (retry.price !== null && priceMicros > Math.round(Number(retry.price) * 1e6))
    return stop(`the price is $${formatDollars(priceMicros)}, and $${retry.price} was approved`);
  const written = {
    ...(await parts.end()),
    rows: plan.rows,
    items: plan.items,
    removed: plan.removed,
    priceMicros,
    source: plan.source,
    plannedAt: infra.clock.now(),
    deadlineAt: config ? findDeadline(config, request.createdAt) : null,
    guards: [],
    quarantine: plan.quarantine,
  };
  await own.runs.writePlan(id, written, options);
  return { kind: 'planned', plan: written };
}

const stop = (reason: string): PlanOutcome => ({
  kind: 'stopped',
  reason,
  problems: { count: 0, listed: [] },
  plan: undefined,
});

const readResolution = ({ inputs }: RunItem) => inputs.resolution as '1K' | '2K' | '4K';

/** @param action undefined: the item stays as the other run left it */
function toItem(item: RunItem, entry: ManifestEntry, action: 'buy' | 'skip' | undefined): RunItem {
  const { left: _, ...facts } = item;
  if (action) return { ...facts, action, kept: null };
  const kept = describeKept(entry);
  if (entry.status === 'completed') return { ...facts, action: 'keep', kept };
  if (entry.status === 'quarantined') return { ...facts, action: 'quarantine', kept };
  return { ...facts, action: 'leave', kept: null, left: describeLeft(entry) };
}
