import { createHash } from 'node:crypto';
import type { LANE } from './queues.ts';

/**
 * The priorities of one lane in the queue `submit`. The submissions of a tenant wait in its line, in the order of their
 * arrival. The workers move them to the front by the shares of the tenants. What is at the front is submitted first.
 */
export interface SubmitLane {
  front: number;
  firstLine: number;
  lastLine: number;
}

type LaneName = keyof typeof LANE;

/**
 * The lanes of the queue `submit`. All of `interactive` are before all of `batch`, and the last one is below BullMQ's limit
 * of 2^21. Were no worker to move submissions, each would still have its turn.
 */
export const SUBMIT_LANES: Record<LaneName, SubmitLane> = {
  interactive: { front: 1, firstLine: 1_001, lastLine: 1_000_000 },
  batch: { front: 1_000_001, firstLine: 1_001_001, lastLine: 2_000_000 },
};

/** The priorities of earlier versions, which had no shares: {@link LANE}. `interactive` is the front now. */
export const EARLIER_BATCH = 10;

/**
 * The line of a tenant. It is derived, so all processes agree on it, also after a loss of the queue. Two of a hundred
 * tenants have the same line with a probability of 0.5 %. Then they have one share together.
 */
export function submitLine(lane: LaneName, tenant: string): number {
  const { firstLine, lastLine } = SUBMIT_LANES[lane];
  const hash = createHash('sha256').update(tenant).digest().readUInt32BE();
  return firstLine + (hash % (lastLine - firstLine + 1));
}

/** Jobs that wait at a priority. */
export interface PriorityCount {
  priority: number;
  count: number;
}

/** What waits in a lane. */
export interface LaneState {
  atFront: number;
  /** The lines in which submissions wait. */
  lines: PriorityCount[];
  waiting: number;
}

/** @param counts of the whole queue `submit` */
export function readLane(lane: LaneName, counts: readonly PriorityCount[]): LaneState {
  const { front, firstLine, lastLine } = SUBMIT_LANES[lane];
  const atFront = counts.find(({ priority }) => priority === front)?.count ?? 0;
  const lines = counts.filter(({ priority }) => priority >= firstLine && priority <= lastLine);
  const earlier =
    lane === 'batch' ? (counts.find(({ priority }) => priority === EARLIER_BATCH)?.count ?? 0) : 0;
  return { atFront, lines, waiting: atFront + earlier + lines.reduce((sum, { count }) => sum + count, 0) };
}
