import { createHash } from 'node:crypto';
import type { JobRequest } from '../render/index.ts';

export type LaneName = JobRequest['priority'];

/**
 * The priorities of one lane in the queues `render` and `submit`. The jobs of a tenant wait in its line, in the order of
 * their arrival. The workers move them to the front by the shares of the tenants. What is at the front runs first.
 */
export interface Lane {
  front: number;
  firstLine: number;
  lastLine: number;
}

/**
 * The lanes, as priorities of BullMQ, 1 first. Every job of these queues needs one, because jobs without a priority run
 * before all jobs that have one. All of `interactive` are before all of `batch`, and the last one is below BullMQ's limit of
 * 2^21. Were no worker to move jobs, each would still have its turn.
 */
export const LANES: Record<LaneName, Lane> = {
  interactive: { front: 1, firstLine: 1_001, lastLine: 1_000_000 },
  batch: { front: 1_000_001, firstLine: 1_001_001, lastLine: 2_000_000 },
};

export const LANE_NAMES = Object.keys(LANES) as LaneName[];

/** The priority of batch jobs in earlier versions, which had no shares. That of interactive ones is a front now. */
export const EARLIER_BATCH = 10;

/**
 * The line of a tenant. It is derived, so all processes agree on it, also after a loss of the queue. Two of a hundred
 * tenants have the same line with a probability of 0.5 %. Then they have one share together.
 */
export function tenantLine(lane: LaneName, tenant: string): number {
  const { firstLine, lastLine } = LANES[lane];
  return firstLine + (hashTenant(tenant) % (lastLine - firstLine + 1));
}

/** Hashes of tenants. Without it, a bulk call would make one hash per render: about a twentieth of the producer's time. */
const hashes = new Map<string, number>();
const MAX_HASHES = 10_000;

function hashTenant(tenant: string): number {
  let hash = hashes.get(tenant);
  if (hash === undefined) {
    hash = createHash('sha256').update(tenant).digest().readUInt32BE();
    if (hashes.size >= MAX_HASHES) hashes.clear();
    hashes.set(tenant, hash);
  }
  return hash;
}

/** Jobs that wait at a priority. */
export interface PriorityCount {
  priority: number;
  count: number;
}

/** What waits in a lane. */
export interface LaneState {
  atFront: number;
  /** The lines in which jobs wait. */
  lines: PriorityCount[];
  waiting: number;
}

/** @param counts of the whole queue */
export function readLane(lane: LaneName, counts: readonly PriorityCount[]): LaneState {
  const { front, firstLine, lastLine } = LANES[lane];
  const countAt = (wanted: number) => counts.find(({ priority }) => priority === wanted)?.count ?? 0;
  const atFront = countAt(front) + (lane === 'batch' ? countAt(EARLIER_BATCH) : 0);
  const lines = counts.filter(({ priority }) => priority >= firstLine && priority <= lastLine);
  return { atFront, lines, waiting: atFront + lines.reduce((sum, { count }) => sum + count, 0) };
}
