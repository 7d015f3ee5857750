import { createHash } from 'node:crypto';
import { hasEnded, type RenderDetail } from '@darkroom/client';
import type { PurchaseRecord } from '@darkroom/upstream-simulator';
import type { Deeds } from './operator.ts';
import type { NightPlan, PlannedRender } from './plan.ts';
import type { Night } from './processes.ts';

/** A render as the API shows it, with what the provider sold for it. Amounts are micro-dollars. */
export interface AuditedRender {
  render: RenderDetail;
  planned: PlannedRender;
  deeds: Deeds;
  tasks: PurchaseRecord[];
  cost: Amounts;
  /** What contradicts the promises. */
  problems: string[];
}

interface Amounts {
  spent: number;
  refunded: number;
  possiblySpent: number;
}

export interface Audit {
  renders: AuditedRender[];
  /** The sums of the API. */
  cost: Amounts;
  /** The provider's charges and refunds, for all renders. */
  charges: number;
  refunds: number;
  problems: string[];
}

/** Compares every render of the API with the purchase log of the provider. */
export async function auditNight(
  { darkroom, simulator, receiver }: Night,
  plan: NightPlan,
  deeds: ReadonlyMap<string, Deeds>,
): Promise<Audit> {
  const renders: AuditedRender[] = [];
  for (const [id, own] of deeds) {
    const render = await darkroom.renders.get(id);
    const planned = plan.renders.find(({ request }) => request.prompt === render.request.prompt);
    if (!planned) throw new Error(`${id} is not planned`);
    const tasks = simulator.book.byBusinessId(id);
    const cost = readAmounts(render);
    const ends = receiver.webhooks.filter(({ event }) => event.data.id === id);
    const problems = [
      ...checkEnd(render, ends),
      ...checkCost(cost, tasks, render),
      ...checkPurchases(planned, own, tasks),
      ...(await checkImage(render, () => darkroom.renders.image(id).bytes())),
    ];
    renders.push({ render, planned, deeds: own, tasks, cost, problems });
  }
  const { charged, refunded: refunds, net: charges } = simulator.book.totals();
  const cost = sumAmounts(renders);
  const known = renders.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + task.charged, 0);
  return {
    renders,
    cost,
    charges,
    refunds,
    problems: [
      ...(known === charged ? [] : [`${charged} was charged, ${known} of it for these renders`]),
      ...checkBounds(cost, charges),
      ...renders.flatMap(({ render, problems }) => problems.map((problem) => `${render.id}: ${problem}`)),
    ],
  };
}

/** The promise of the field `cost`. */
const checkBounds = ({ spent, possiblySpent }: Amounts, charges: number): string[] =>
  spent <= charges && charges <= spent + possiblySpent
    ? []
    : [`${charges} was charged, not between ${spent} and ${spent + possiblySpent}`];

function checkCost(cost: Amounts, tasks: PurchaseRecord[], { cost: { purchases } }: RenderDetail): string[] {
  const refunds = tasks.reduce((sum, task) => sum + task.refunded, 0);
  const charges = tasks.reduce((sum, task) => sum + task.charged, 0) - refunds;
  const found = checkBounds(cost, charges);
  if (tasks.length > purchases) found.push(`${tasks.length} tasks, but ${purchases} purchases`);
  // An open purchase may have been refunded.
  const isExact = cost.possiblySpent === 0 ? cost.refunded === refunds : cost.refunded <= refunds;
  if (!isExact) found.push(`${refunds} was refunded, not ${cost.refunded}`);
  return found;
}

/** Nothing is bought twice: besides the first, a purchase is kept only for a reason. */
function checkPurchases({ fate }: PlannedRender, deeds: Deeds, tasks: PurchaseRecord[]): string[] {
  const kept = tasks.filter(({ refunded }) => refunded === 0).length;
  const allowed = 1 + (fate.extraPurchases ?? 0) + (deeds.purchase === 'buy_again' ? 1 : 0);
  return kept > allowed ? [`${kept} purchases were kept, ${allowed} allowed`] : [];
}

/** A failure can be redriven. The other ends are final: receivers learn of exactly one. */
function checkEnd(render: RenderDetail, ends: Night['receiver']['webhooks']): string[] {
  if (!hasEnded(render)) return [`has not ended: ${render.status}`];
  const final = new Set(ends.filter(({ event }) => event.type !== 'render.failed').map(({ id }) => id));
  const expected = render.status === 'failed' ? 0 : 1;
  return final.size === expected ? [] : [`${render.status}, but its final webhooks are ${[...final].join()}`];
}

async function checkImage(
  { status, image }: RenderDetail,
  read: () => Promise<Uint8Array>,
): Promise<string[]> {
  if (status !== 'completed') return image ? [`${status}, but it has an image`] : [];
  if (!image) return ['completed without an image'];
  const bytes = await read();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return bytes.length === image.bytes && sha256 === image.sha256
    ? []
    : [`its image has ${bytes.length} bytes with SHA-256 ${sha256}`];
}

function readAmounts({ cost }: RenderDetail): Amounts {
  return {
    spent: readMicros(cost.spent),
    refunded: readMicros(cost.refunded),
    possiblySpent: readMicros(cost.possibly_spent),
  };
}

/** Reads `0.025` as 25000, without arithmetic in binary fractions. */
function readMicros(dollars: string): number {
  const [whole = '', fraction = ''] = dollars.split('.');
  return Number(whole + fraction.padEnd(6, '0'));
}

function sumAmounts(renders: AuditedRender[]): Amounts {
  const sum = (name: keyof Amounts) => renders.reduce((total, { cost }) => total + cost[name], 0);
  return { spent: sum('spent'), refunded: sum('refunded'), possiblySpent: sum('possiblySpent') };
}
