import { createLineShares, findShare, type TenantShares } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import {
  LANES,
  type LaneName,
  type PriorityCount,
  QUEUE,
  type Queues,
  readLane,
  tenantLine,
} from '@darkroom/shared/queues';
import { submitJobId } from '@darkroom/shared/render';

/** A render that waits for the submission of its attempt number `attempt`. */
export interface WaitingRender {
  renderId: string;
  tenant: string;
  attempt: number;
  priority: LaneName;
}

interface PositionDeps {
  engine: Pick<Engine, 'countPriorities' | 'findPriorityPlace'>;
  queues: Pick<Queues, 'submit'>;
}

/**
 * The position of a render among all that wait for their submission, from 1: as many are submitted before it, by the shares
 * of the tenants that wait now. Costs at most five reads, in a queue of any length.
 *
 * Approximate: other renders move while this reads, and what is created later can come before it: an interactive render
 * before a batch render, and a render of a tenant with a shorter line. A submission that waits for another try comes last in
 * its line, because BullMQ puts it there. Throws what the engine throws.
 */
export async function findQueuePosition(
  { engine, queues }: PositionDeps,
  waiting: WaitingRender,
  shares: TenantShares,
): Promise<number> {
  const { renderId, tenant, attempt, priority: lane } = waiting;
  const childId = submitJobId(renderId, attempt);
  const state = await queues.submit.getJobState(childId);
  if (state !== 'prioritized' && state !== 'delayed' && state !== 'unknown') return 1;
  const isPickedUp = state !== 'unknown';
  const [submissions, renders, place] = await Promise.all([
    engine.countPriorities(QUEUE.submit),
    engine.countPriorities(QUEUE.render),
    engine.findPriorityPlace(isPickedUp ? QUEUE.submit : QUEUE.render, isPickedUp ? childId : renderId),
  ]);
  const own = tenantLine(lane, tenant);
  const { atFront, lines } = readLane(lane, submissions);
  const waitingRenders = readLane(lane, renders).lines;
  // Renders whose turn it is to be picked up wait at the front of their queue. Their number is small.
  const inLine = place?.priority === own ? place.before : undefined;
  const ownSubmissions = countIn(lines, own);
  const before = isPickedUp ? (inLine ?? ownSubmissions) : ownSubmissions + (inLine ?? 0);
  const interactive = [submissions, renders].reduce(
    (sum, counts) => sum + (lane === 'batch' ? readLane('interactive', counts).waiting : 0),
    0,
  );
  if (isPickedUp && place?.priority === LANES[lane].front) return 1 + interactive + place.before;
  // While its tenant has one turn after the other, the others have turns in proportion.
  const turns = (before + 1) / findShare(shares, tenant);
  const shareOf = createLineShares(lane, shares);
  const others = [...new Set([...lines, ...waitingRenders].map(({ priority }) => priority))]
    .filter((line) => line !== own)
    .map((line) =>
      Math.min(countIn(lines, line) + countIn(waitingRenders, line), Math.floor(turns * shareOf(line))),
    );
  return 1 + interactive + atFront + before + others.reduce((sum, count) => sum + count, 0);
}

const countIn = (lines: readonly PriorityCount[], line: number) =>
  lines.find(({ priority }) => priority === line)?.count ?? 0;
