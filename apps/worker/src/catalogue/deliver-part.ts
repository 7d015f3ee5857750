import { MANIFEST_VERSION, type ManifestEntry, type RunItem, runImageKey } from '@darkroom/catalogue';
import type { Cost, Receipt } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import { renderIdOf } from './add-renders.ts';
import { copyImage, deliverImage } from './deliver-image.ts';
import { findRedriven } from './find-redriven.ts';
import type { RunContext } from './run-context.ts';

/** Images that are copied at the same time. Each is in memory. */
const PARALLEL = 4;

/** Why an item was not bought. */
export type NotBought = 'deadline' | 'canceled' | 'budget';

const NOT_BOUGHT: Record<NotBought, string> = {
  deadline: 'the deadline of the run came first',
  canceled: 'the run was canceled first',
  budget: 'the budget of the run was used up',
};

/** What is known of the renders of a part without their receipts. */
export interface PartFacts {
  /** Why nothing more is bought. */
  stop: Exclude<NotBought, 'budget'> | undefined;
  /** Renders that were never added. */
  absent: { has(renderId: string): boolean };
  /** Renders that cannot be made, with the reason. */
  impossible: ReadonlyMap<string, string>;
}

/**
 * Makes the results of a part, whose renders have ended or were never added. Each item is joined with its own render by
 * its id, so no order of ends can exchange images.
 *
 * @returns `undefined` when a receipt is still missing: the sweep writes it
 */
export async function deliverPart(
  items: readonly RunItem[],
  facts: PartFacts,
  context: RunContext,
): Promise<ManifestEntry[] | undefined> {
  const entries = await pMap(items, (item) => deliverItem(item, facts, context), {
    concurrency: PARALLEL,
    signal: context.job.signal,
  });
  const complete = entries.filter((entry) => entry !== undefined);
  return complete.length === entries.length ? complete : undefined;
}

async function deliverItem(
  item: RunItem,
  { stop, absent, impossible }: PartFacts,
  context: RunContext,
): Promise<ManifestEntry | undefined> {
  const { id, infra, job } = context;
  if (item.action === 'keep') return keepItem(item, context);
  if (item.action === 'quarantine') return quarantineItem(item, context);
  if (item.action === 'leave') return leaveItem(item, context);
  if (item.action === 'skip') return describeNotBought(item, 'budget');
  const renderId = renderIdOf(id, item);
  const reason = impossible.get(renderId);
  if (reason !== undefined) return describeImpossible(item, reason);
  if (absent.has(renderId)) return describeNotBought(item, stop ?? 'canceled');
  const receipt = await infra.ledger.readReceipt(renderId, job.signal);
  return receipt && describeRender(item, receipt, stop, context);
}

/** Every item has these fields, whatever became of it. */
const describeItem = ({ key, view, name, line, hash, inputs, source_hash }: RunItem) => ({
  version: MANIFEST_VERSION as typeof MANIFEST_VERSION,
  key,
  view,
  name,
  line,
  hash,
  inputs,
  ...(source_hash === undefined ? {} : { source_hash }),
});

const NO_COST: Cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 };

const formatCost = ({ spentMicros, refundedMicros, possiblySpentMicros }: Cost) => ({
  spent: formatDollars(spentMicros),
  refunded: formatDollars(refundedMicros),
  possibly_spent: formatDollars(possiblySpentMicros),
});

const describeNotBought = (item: RunItem, why: NotBought): ManifestEntry => ({
  ...describeItem(item),
  status: 'not_bought',
  origin: null,
  run: null,
  render_id: null,
  image: null,
  cost: formatCost(NO_COST),
  error: { code: why, message: NOT_BOUGHT[why] },
  finished_at: null,
});

const describeImpossible = (item: RunItem, message: string): ManifestEntry => ({
  ...describeNotBought(item, 'canceled'),
  status: 'failed',
  error: { code: 'reference_lost', message },
});

/** Copies a kept image where the pattern of the names, or the metadata, has changed. @returns `undefined` when it is gone */
async function deliverKept({ name }: RunItem, kept: NonNullable<RunItem['kept']>, context: RunContext) {
  const isSame = kept.name === name && (kept.image.digital_source_type ?? null) === context.sourceType;
  return isSame ? kept.image : await copyImage(kept.image, runImageKey(context.id, name), context);
}

/** Its row is not valid, so nothing is bought. Readers still find the image of the run before. */
async function quarantineItem(item: RunItem, context: RunContext): Promise<ManifestEntry> {
  const { kept, problem } = item;
  const image = kept ? await deliverKept(item, kept, context) : undefined;
  return {
    ...describeItem(item),
    status: 'quarantined',
    origin: image ? 'reused' : null,
    run: image && kept ? kept.run : null,
    render_id: image && kept ? kept.render_id : null,
    image: image ?? null,
    cost: formatCost(NO_COST),
    error: { code: 'invalid_row', message: problem?.message ?? '', field: problem?.field ?? null },
    finished_at: image && kept ? kept.finished_at : null,
  };
}

/** As the run before has it, unless a redrive has brought its image since. */
async function leaveItem(item: RunItem, context: RunContext): Promise<ManifestEntry> {
  const { left } = item;
  if (!left) throw new Error(`the plan leaves ${item.key}, and does not say what became of it`);
  const entry = { ...describeItem(item), ...left, origin: null, image: null, cost: formatCost(NO_COST) };
  const receipt = await findRedriven(left, context);
  if (!receipt) return entry;
  const to = { key: runImageKey(context.id, item.name), format: item.inputs.format };
  const image = await deliverImage(receipt.image, to, context);
  const facts = { ...entry, finished_at: new Date(receipt.finishedAt).toISOString() };
  if (!image) return { ...facts, ...createLoss(receipt.image.key) };
  return { ...facts, status: 'completed', origin: 'new', image, error: null };
}

async function keepItem(item: RunItem, context: RunContext): Promise<ManifestEntry> {
  const { kept } = item;
  if (!kept) throw new Error(`the plan keeps ${item.key}, and has no image of it`);
  const image = await deliverKept(item, kept, context);
  const facts = {
    ...describeItem(item),
    run: kept.run,
    render_id: kept.render_id,
    cost: formatCost(NO_COST),
  };
  if (!image) return { ...facts, ...createLoss(kept.image.key), finished_at: kept.finished_at };
  return {
    ...facts,
    status: 'completed',
    origin: 'reused',
    image,
    error: null,
    finished_at: kept.finished_at,
  };
}

async function describeRender(
  item: RunItem,
  receipt: Receipt,
  stop: NotBought | undefined,
  context: RunContext,
): Promise<ManifestEntry> {
  const { id } = context;
  const { status, image, failure, cost, renderId, finishedAt } = receipt;
  const isFree = cost.spentMicros + cost.possiblySpentMicros === 0;
  if (status === 'canceled' && isFree) {
    const entry = describeNotBought(item, stop ?? 'canceled');
    return { ...entry, render_id: renderId, cost: formatCost(cost) };
  }
  const facts = {
    ...describeItem(item),
    run: id.run,
    render_id: renderId,
    cost: formatCost(cost),
    finished_at: new Date(finishedAt).toISOString(),
  };
  if (status === 'completed' && image) {
    const to = { key: runImageKey(id, item.name), format: item.inputs.format };
    const delivered = await deliverImage(image, to, context);
    if (!delivered) return { ...facts, ...createLoss(image.key) };
    return { ...facts, status: 'completed', origin: 'new', image: delivered, error: null };
  }
  const error = failure
    ? { code: failure.code, message: failure.message }
    : { code: 'canceled', message: 'its render was canceled after it was bought' };
  return { ...facts, status: 'failed', origin: null, image: null, error };
}

const createLoss = (key: string) => ({
  status: 'failed' as const,
  origin: null,
  image: null,
  error: { code: 'image_lost', message: `${key} is gone from the store, or was changed` },
});
