import {
  type ApprovedPlan,
  createManifestInputs,
  createPlan,
  type Decision,
  fetchLastManifest,
  fetchReviews,
  MAX_RUN_ITEMS,
  type ManifestEntry,
  PART_ITEMS,
  type Plan,
  type Problem,
  type RunItem,
  type RunPlan,
} from '@darkroom/catalogue';
import { getRenderPrice } from '@darkroom/shared/config';
import { openRunLocations } from './locations.ts';
import type { RunContext } from './run-context.ts';
import { withWorkFolder } from './work-folder.ts';

/** Why a run buys nothing. */
export interface StoppedPlan {
  reason: string;
  problems: { count: number; listed: readonly Problem[] };
  plan: Plan | undefined;
}

export type PlanOutcome = { kind: 'planned'; plan: RunPlan } | ({ kind: 'stopped' } & StoppedPlan);

/**
 * Decides about every item, and writes the decisions part by part. A run that was killed decides again: nothing was
 * bought before the plan is complete. Memory does not grow with the items, except for some bytes each.
 */
export const planRun = (context: RunContext): Promise<PlanOutcome> =>
  withWorkFolder(context.infra, (workFolder) => planIn(workFolder, context));

async function planIn(workFolder: string, context: RunContext): Promise<PlanOutcome> {
  const { id, request, infra, own, job } = context;
  const { tenant, catalogue: name } = id;
  const { settings, store } = infra;
  const { signal } = job;
  const locations = await openRunLocations(context);
  const parts = createPartWriter((part, items) => own.runs.writePlanPart(id, part, items, { signal }));
  try {
    let budgetMicros = Number.POSITIVE_INFINITY;
    const result = await createPlan({
      file: Buffer.from(request.file),
      tenant,
      workFolder,
      locations,
      findManifest: (config) => {
        budgetMicros = (config.budget ?? Number.POSITIVE_INFINITY) * 1e6;
        return fetchLastManifest(store, { tenant, name }, workFolder, signal);
      },
      findReviews: () => fetchReviews(store, { tenant, name }, signal),
      findPrice: ({ resolution }) => getRenderPrice(settings, resolution),
      maxPurchases: settings.MAX_PURCHASES,
      accepted: request.accepted,
      forecast: {
        now: request.createdAt,
        submitsPerSecond: undefined,
        backlog: undefined,
        renderMs: settings.EXPECTED_LATENCY_MS,
        unknown: undefined,
      },
      hasImage: (image) => hasImage(context, image),
      onDecision: async (decision) => {
        if (decision.kind === 'remove') return;
        const price = decision.kind === 'buy' ? getRenderPrice(settings, decision.item.resolution) : 0;
        const isAffordable = price <= budgetMicros;
        if (isAffordable) budgetMicros -= price;
        await parts.add(toRunItem(decision, isAffordable));
      },
    });
    if (result.kind === 'problems') {
      const { count, listed } = result.problems;
      return {
        kind: 'stopped',
        reason: `the catalogue has ${count} ${count === 1 ? 'problem' : 'problems'}`,
        problems: { count, listed },
        plan: undefined,
      };
    }
    const { plan } = result;
    const reason = findStopReason(plan, request.approved);
    if (reason) return { kind: 'stopped', reason, problems: { count: 0, listed: [] }, plan };
    const written = { ...(await parts.end()), ...describePlan(plan), plannedAt: infra.clock.now() };
    await own.runs.writePlan(id, written, { signal });
    return { kind: 'planned', plan: written };
  } finally {
    await locations.close();
  }
}

const describePlan = ({ file, source, forecast, guards, quarantine }: Plan) => ({
  rows: file.rows,
  items: file.items,
  removed: file.removed,
  source,
  guards,
  quarantine: { count: quarantine.count, listed: [...quarantine.listed] },
  deadlineAt: forecast.deadlineAt,
  priceMicros: Math.round(Number(file.price ?? 0) * 1e6),
});

/** Collects decisions until a part is full. */
export function createPartWriter(write: (part: number, items: readonly RunItem[]) => Promise<void>) {
  let items: RunItem[] = [];
  let parts = 0;
  let buys = 0;
  const flush = async () => {
    if (items.length === 0) return;
    await write(parts, items);
    parts += 1;
    items = [];
  };
  return {
    add: async (item: RunItem) => {
      items.push(item);
      if (item.action === 'buy') buys += 1;
      if (items.length === PART_ITEMS) await flush();
    },
    end: async () => {
      await flush();
      return { parts, buys };
    },
  };
}

function toRunItem(decision: Exclude<Decision, { kind: 'remove' }>, isAffordable: boolean): RunItem {
  const { key, view, name, line } = decision.item;
  const item = { key, view, name, line, ...createManifestInputs(decision) };
  switch (decision.kind) {
    case 'buy': {
      const { references } = decision.item;
      return { ...item, action: isAffordable ? 'buy' : 'skip', references, kept: null };
    }
    case 'keep': {
      const { references } = decision.item;
      return { ...item, action: 'keep', references, kept: describeKept(decision.previous) };
    }
    case 'leave': {
      const { references } = decision.item;
      return { ...item, action: 'leave', references, kept: null, left: describeLeft(decision.previous) };
    }
    case 'quarantine': {
      const { field, message } = decision.problem;
      const kept = decision.previous ? describeKept(decision.previous) : null;
      return { ...item, action: 'quarantine', references: [], kept, problem: { field, message } };
    }
  }
}

export const describeKept = ({ name, run, render_id, image, finished_at }: ManifestEntry): RunItem['kept'] =>
  image && { name, run, render_id, image, finished_at };

export const describeLeft = ({ status, run, render_id, error, finished_at }: ManifestEntry) => ({
  status,
  run,
  render_id,
  error,
  finished_at,
});

/**
 * Whether the store still has an image, by its size and by the digest that was stored with it. An object that another
 * program replaced has no such digest.
 */
async function hasImage(
  { infra, job }: RunContext,
  { key, bytes, sha256 }: NonNullable<ManifestEntry['image']>,
): Promise<boolean> {
  const info = await infra.store.head(key, { signal: job.signal });
  return info?.size === bytes && info.metadata['sha256'] === sha256;
}

/** Why a plan must not be executed. */
function findStopReason({ file, guards }: Plan, approved: ApprovedPlan | null): string | undefined {
  if (file.items > MAX_RUN_ITEMS)
    return `the catalogue has ${file.items} images, and a run has at most ${MAX_RUN_ITEMS}`;
  const closed = guards.filter(({ accepted }) => !accepted);
  if (closed.length > 0)
    return `${closed.length === 1 ? 'a guard' : 'guards'} stopped it: ${closed.map(({ name }) => name).join(', ')}`;
  if (!approved) return undefined;
  const digests = ['catalogue_sha256', 'source_sha256', 'manifest_sha256', 'decisions_sha256'] as const;
  const changed = digests.filter((name) => file[name] !== approved[name]);
  if (changed.length > 0)
    return `the plan is not the approved one: ${changed.map((name) => CHANGED[name]).join(', ')} changed since`;
  const isDearer = file.price === null || Number(file.price) > Number(approved.price ?? 0);
  return isDearer ? `the price is $${file.price}, and $${approved.price} was approved` : undefined;
}

const CHANGED = {
  catalogue_sha256: 'the catalogue file',
  source_sha256: 'the source',
  manifest_sha256: 'the last manifest',
  decisions_sha256: 'what is bought',
} as const;
