import { createLineShares, type TenantShares } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import {
  EARLIER_BATCH,
  type LANE,
  type PriorityCount,
  QUEUE,
  type Queues,
  readLane,
  SUBMIT_LANES,
  submitLine,
} from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { createFairTurns, type FairTurns } from './fair-turns.ts';

export interface ShareWatchDeps {
  engine: Pick<Engine, 'leases' | 'countPriorities' | 'readFirstJobs'>;
  queues: Pick<Queues, 'submit'>;
  clock: Clock;
  log: Logger;
  /** Names this process. */
  owner: string;
  readShares(): TenantShares;
  /** How many submissions can begin at once: those of one window of the quota. */
  readWindow(): number;
}

type LaneName = keyof typeof LANE;

/** The front must not become empty in between: the window of the quota is a second or longer. */
const CHECK_EVERY_MS = 200;
/** After the death of its owner, another worker goes on after this time. The front lasts about as long. */
const LEASE_MS = 1_000;
const LEASE = 'submission-turns';
/** More than all workers together submit between two checks. */
const MAX_AT_FRONT = 500;

/**
 * Keeps as many submissions at the front of each lane as can begin at once, in turns by the shares of their tenants. One
 * worker at a time does it. A lane in which one tenant waits needs no front. Should no worker do it, the lanes are submitted
 * line after line: the quota is used in full, and nothing is lost.
 */
export function openShareWatch(deps: ShareWatchDeps): { close(): Promise<void> } {
  const { engine, clock, log, owner } = deps;
  const stop = new AbortController();
  const turns = { interactive: createFairTurns(), batch: createFairTurns() };

  const watch = async () => {
    while (!stop.signal.aborted) {
      try {
        if (await engine.leases.hold(LEASE, owner, LEASE_MS)) await fillFronts(deps, turns);
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

async function fillFronts(deps: ShareWatchDeps, turns: Record<LaneName, FairTurns>): Promise<void> {
  const counts = await deps.engine.countPriorities(QUEUE.submit);
  if (counts.some(({ priority }) => priority === EARLIER_BATCH)) await moveEarlier(deps);
  for (const lane of Object.keys(SUBMIT_LANES) as LaneName[]) await fillFront(deps, lane, counts, turns[lane]);
}

async function fillFront(
  deps: ShareWatchDeps,
  lane: LaneName,
  counts: readonly PriorityCount[],
  turns: FairTurns,
): Promise<void> {
  const { atFront, lines } = readLane(lane, counts);
  if (lines.length < 2) return;
  const missing = Math.min(deps.readWindow(), MAX_AT_FRONT) - atFront;
  const shareOf = createLineShares(lane, deps.readShares());
  const shared = lines.map(({ priority: line, count: waiting }) => ({ line, waiting, share: shareOf(line) }));
  const next = turns.take(shared, missing);
  if (next.length === 0) return;
  const wanted = [...Map.groupBy(next, (line) => line)].map(([priority, { length: count }]) => ({
    priority,
    count,
  }));
  const found = await deps.engine.readFirstJobs(QUEUE.submit, wanted);
  const firsts = new Map(wanted.map(({ priority }, at) => [priority, [...(found[at] ?? [])]]));
  const ids = next.flatMap((line) => firsts.get(line)?.shift() ?? []);
  // In this order: one connection keeps the order of its commands.
  await Promise.all(ids.map((id) => move(deps, id, SUBMIT_LANES[lane].front)));
}

/** Moves a submission that waits. One that has begun meanwhile only gets another priority for its next wait. */
async function move({ queues }: ShareWatchDeps, id: string, priority: number): Promise<void> {
  await queues.submit
    .getBackend()
    .changePriority(id, priority)
    .catch(async (error: unknown) => {
      // A pause or a cancel has taken it out of the queue.
      if (await queues.submit.getJob(id)) throw error;
    });
}

/** Submissions of an earlier version wait where interactive ones wait now. They get into the lines of their tenants. */
async function moveEarlier(deps: ShareWatchDeps): Promise<void> {
  const wanted = [{ priority: EARLIER_BATCH, count: MAX_AT_FRONT }];
  const [ids = []] = await deps.engine.readFirstJobs(QUEUE.submit, wanted);
  const jobs = await Promise.all(ids.map((id) => deps.queues.submit.getJob(id)));
  await Promise.all(
    jobs.flatMap((job) => (job?.id ? [move(deps, job.id, submitLine('batch', job.data.tenant))] : [])),
  );
}
