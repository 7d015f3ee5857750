import { createLineShares, findShare, type TenantShares } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import {
  LANE,
  type PriorityCount,
  QUEUE,
  type Queues,
  readLane,
  SUBMIT_LANES,
  submitLine,
} from '@darkroom/shared/queues';
import { type Checkpoint, submitJobId } from '@darkroom/shared/render';

/** A render that waits for the submission of its attempt number `attempt`. */
export interface WaitingRender {
  renderId: string;
  tenant: string;
  attempt: number;
  priority: keyof typeof LANE;
}

interface PositionDeps {
  engine: Pick<Engine, 'countPriorities' | 'findPriorityPlace' | 'readJobTexts'>;
  queues: Queues;
}

/**
 * The position of a render among all that wait for their submission, from 1: as many are submitted before it, by the shares
 * of the tenants that wait now. Costs four reads, in a queue of any length; for a render that no worker has picked up, about
 * a dozen more.
 *
 * Approximate: other renders move while this reads, and what is created later can come before it: an interactive render
 * before a batch render, and a render of a tenant with a shorter line. A submission that waits for another try comes last in
 * its line, because BullMQ puts it there. Throws what the engine throws.
 */
export async function findQueuePosition(
  deps: PositionDeps,
  waiting: WaitingRender,
  shares: TenantShares,
): Promise<number> {
  const { engine, queues } = deps;
  const { renderId, tenant, attempt, priority: lane } = waiting;
  const childId = submitJobId(renderId, attempt);
  const state = await queues.submit.getJobState(childId);
  if (state !== 'prioritized' && state !== 'delayed' && state !== 'unknown') return 1;
  const [counts, place] = await Promise.all([
    engine.countPriorities(QUEUE.submit),
    engine.findPriorityPlace(QUEUE.submit, childId),
  ]);
  if (place?.priority === SUBMIT_LANES[lane].front) return 1 + countLanesBefore(lane, counts) + place.before;
  const notPickedUp = state === 'unknown' ? await sampleNotPickedUp(deps, waiting) : undefined;
  const own = submitLine(lane, tenant);
  const { waiting: all, lines } = readLane(lane, counts);
  const lineCounts = new Map(lines.map(({ priority, count }) => [priority, count]));
  const before = (place?.before ?? lineCounts.get(own) ?? 0) + (notPickedUp?.ownBefore ?? 0);
  for (const [line, count] of notPickedUp?.lines ?? [])
    lineCounts.set(line, (lineCounts.get(line) ?? 0) + count);
  // While a line has a turn for each of its own before this one, the others have turns in proportion.
  const turns = (before + 1) / findShare(shares, tenant);
  const shareOf = createLineShares(lane, shares);
  const others = [...lineCounts].reduce(
    (sum, [line, count]) => sum + (line === own ? 0 : Math.min(count, Math.floor(turns * shareOf(line)))),
    0,
  );
  const atFront = all - lines.reduce((sum, { count }) => sum + count, 0);
  const lanesBefore = countLanesBefore(lane, counts) + (notPickedUp?.lanesBefore ?? 0);
  return 1 + lanesBefore + atFront + before + Math.round(others);
}

const countLanesBefore = (lane: keyof typeof LANE, counts: readonly PriorityCount[]) =>
  lane === 'batch' ? readLane('interactive', counts).waiting : 0;

/** Renders of a lane that no worker has picked up, by the line in which they will wait. */
interface NotPickedUp {
  lanesBefore: number;
  /** Those of the same tenant that are picked up before the render. */
  ownBefore: number;
  lines: Map<number, number>;
}

/** Of so many renders, the tenants are read. They stand for the others. Renders of one tenant often stand together. */
const SAMPLES = { windows: 10, each: 10, justBefore: 50 };

/** @returns `undefined` for a render that has been picked up, or that has left the queue */
async function sampleNotPickedUp(
  { engine, queues }: PositionDeps,
  { renderId, tenant, priority: lane }: WaitingRender,
): Promise<NotPickedUp | undefined> {
  const [place, counts] = await Promise.all([
    engine.findPriorityPlace(QUEUE.render, renderId),
    engine.countPriorities(QUEUE.render),
  ]);
  if (!place) return undefined;
  const countAt = (name: keyof typeof LANE) =>
    counts.find(({ priority }) => priority === LANE[name])?.count ?? 0;
  const lanesBefore = lane === 'batch' ? countAt('interactive') : 0;
  const total = countAt(lane);
  const readTenants = async (start: number, count: number) => {
    if (count === 0) return [];
    const from = lanesBefore + start;
    const ids = await queues.render.getRanges(['prioritized'], from, from + count - 1, true);
    const texts = await engine.readJobTexts(QUEUE.render, ids);
    return texts.map((text, at) => ({ index: start + at, tenant: readTenant(text) }));
  };
  const isSmall = total <= SAMPLES.windows * SAMPLES.each;
  const [windows, each] = isSmall ? [1, total] : [SAMPLES.windows, SAMPLES.each];
  const weight = total / (windows * each);
  const near = Math.max(0, place.before - SAMPLES.justBefore);
  const [justBefore, ...read] = await Promise.all([
    readTenants(near, place.before - near),
    ...Array.from({ length: windows }, (_, at) => readTenants(Math.floor((at * total) / windows), each)),
  ]);
  const samples = read.flat();
  const countOwn = (all: typeof samples) => all.filter((one) => one.tenant === tenant).length;
  const ownBefore = countOwn(justBefore) + weight * countOwn(samples.filter(({ index }) => index < near));
  const lines = new Map<number, number>();
  for (const one of samples) {
    if (one.tenant === undefined) continue;
    const line = submitLine(lane, one.tenant);
    lines.set(line, (lines.get(line) ?? 0) + weight);
  }
  return { lanesBefore, ownBefore: Math.min(Math.round(ownBefore), place.before), lines };
}

/** The tenant of a render that waits for its submission. Others only pass through the queue. */
function readTenant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { tenant, at } = JSON.parse(text) as Partial<Checkpoint>;
  return at === undefined || at.step === 'submit' ? tenant : undefined;
}
