import { createLineShares, type TenantShares } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import {
  EARLIER_BATCH,
  LANE_NAMES,
  LANES,
  type LaneName,
  type PriorityCount,
  type Queues,
  readLane,
  tenantLine,
} from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { createFairTurns, type FairTurns } from './fair-turns.ts';

export interface ShareWatchDeps {
  engine: Pick<Engine, 'leases' | 'countPriorities' | 'readFirstJobs'>;
  queues: Pick<Queues, 'render' | 'submit'>;
  clock: Clock;
  log: Logger;
  /** Names this process. */
  owner: string;
  readShares(): TenantShares;
  /** How many submissions can begin at once: those of one window of the quota. */
  readWindow(): number;
}

/** A queue whose lanes tenants share. */
interface SharedQueue {
  queue: Queues['render'] | Queues['submit'];
  /** How many of its jobs can begin before the next check. */
  readFront(): number;
  turns: Record<LaneName, FairTurns>;
}

/** The front must not become empty in between: the window of the quota is a second or longer. */
const CHECK_EVERY_MS = 200;
/** After the death of its owner, another worker goes on after this time. The front lasts about as long. */
const LEASE_MS = 1_000;
const LEASE = 'turns';
/** All workers together pick up about so many renders between two checks. With more, a tenant that comes later waits longer. */
const PICKED_UP = 200;
/** More than all workers together submit between two checks. */
const MAX_AT_FRONT = 500;

/**
 * Keeps as many jobs at the front of each lane as can begin at once, in turns by the shares of their tenants: submissions,
 * and renders that no worker has picked up. One worker at a time does it. A lane in which one tenant waits needs no front.
 * Should no worker do it, the lanes run line after line: the quota is used in full, and nothing is lost.
 */
export function openShareWatch(deps: ShareWatchDeps): { close(): Promise<void> } {
  const { engine, queues, clock, log, owner } = deps;
  const stop = new AbortController();
  const createTurns = () => ({ interactive: createFairTurns(), batch: createFairTurns() });
  const shared: SharedQueue[] = [
    { queue: queues.submit, readFront: deps.readWindow, turns: createTurns() },
    { queue: queues.render, readFront: () => PICKED_UP, turns: createTurns() },
  ];

  const watch = async () => {
    while (!stop.signal.aborted) {
      try {
        if (await engine.leases.hold(LEASE, owner, LEASE_MS))
          for (const one of shared) await fillFronts(deps, one);
      } catch (error) {
        if (!stop.signal.aborted) log.debug({ err: errorMessage(error) }, 'turns of tenants not given');
      }
      await clock.sleep(CHECK_EVERY_MS, stop.signal).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    async close() {
      stop.abort();
      await watching;
      // Another worker goes on at once.
      await engine.leases.release(LEASE, owner).catch(() => undefined);
    },
  };
}

async function fillFronts(deps: ShareWatchDeps, shared: SharedQueue): Promise<void> {
  const counts = await deps.engine.countPriorities(shared.queue.name);
  if (counts.some(({ priority }) => priority === EARLIER_BATCH)) await moveEarlier(deps, shared);
  for (const lane of LANE_NAMES) await fillFront(deps, shared, lane, counts);
}

async function fillFront(
  deps: ShareWatchDeps,
  { queue, readFront, turns }: SharedQueue,
  lane: LaneName,
  counts: readonly PriorityCount[],
): Promise<void> {
  const { atFront, lines } = readLane(lane, counts);
  if (lines.length < 2) return;
  const missing = Math.min(readFront(), MAX_AT_FRONT) - atFront;
  const shareOf = createLineShares(lane, deps.readShares());
  const shared = lines.map(({ priority: line, count: waiting }) => ({ line, waiting, share: shareOf(line) }));
  const next = turns[lane].take(shared, missing);
  if (next.length === 0) return;
  const wanted = [...Map.groupBy(next, (line) => line)].map(([priority, { length: count }]) => ({
    priority,
    count,
  }));
  const found = await deps.engine.readFirstJobs(queue.name, wanted);
  const firsts = new Map(wanted.map(({ priority }, at) => [priority, [...(found[at] ?? [])]]));
  const ids = next.flatMap((line) => firsts.get(line)?.shift() ?? []);
  // In this order: one connection keeps the order of its commands.
  await Promise.all(ids.map((id) => move(queue, id, LANES[lane].front)));
}

/** Moves a job that waits. One that has begun meanwhile gets a priority that its worker resets before its next wait. */
async function move(queue: SharedQueue['queue'], id: string, priority: number): Promise<void> {
  await queue
    .getBackend()
    .changePriority(id, priority)
    .catch(async (error: unknown) => {
      // A pause or a cancel has taken it out of the queue.
      if (await queue.getJob(id)) throw error;
    });
}

/** Batch jobs of an earlier version wait where interactive ones wait now. They get into the lines of their tenants. */
async function moveEarlier({ engine }: ShareWatchDeps, { queue }: SharedQueue): Promise<void> {
  const [ids = []] = await engine.readFirstJobs(queue.name, [
    { priority: EARLIER_BATCH, count: MAX_AT_FRONT },
  ]);
  await Promise.all(
    ids.map(async (id) => {
      const job = await queue.getJob(id);
      if (job) await move(queue, id, tenantLine('batch', job.data.tenant));
    }),
  );
}
