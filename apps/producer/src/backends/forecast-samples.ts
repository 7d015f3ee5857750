import type { Engine } from '@darkroom/shared/engine';
import { type LaneName, type PriorityCount, QUEUE, type Queues, readLane } from '@darkroom/shared/queues';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import type { Queue } from 'bullmq';

/** Waiting renders by lane. */
export type LaneCounts = Record<LaneName, number>;

/** What a forecast is made from: the latest ends of jobs that the queue still has. Times in Unix milliseconds. */
export interface ForecastSamples {
  /** Renders that completed, with the acceptance of their last purchase. */
  completed: { resolution: string; acceptedAt: number; endedAt: number }[];
  /** Renders whose task is at the provider, with the acceptance of their present purchase. */
  inFlight: { resolution: string; acceptedAt: number }[];
  /** Submissions that ended, by any end. */
  submissions: { lane: LaneName; addedAt: number; startedAt: number; endedAt: number }[];
  /** When submissions of further purchases were added, because a task failed. Those that wait, and those that ended. */
  repurchasedAt: number[];
  /** Milliseconds from the end of a task to the stored image. */
  storeMs: number[];
  /** Renders that wait for their submission. */
  waiting: LaneCounts;
}

/** How many jobs are read: enough for a 90th percentile, and cheap once per read. */
const SAMPLES = { completed: 150, inFlight: 300, submissions: 150, stores: 60 };
/** The further purchases of a tenant wait at the end of its line. Of so many lines, as much of the end is read. */
const TAILS = { lines: 10, each: 50 };
const MAX_REPURCHASES = 60;

/** Throws what the engine throws. */
export async function readForecastSamples(
  engine: Pick<Engine, 'countPriorities'>,
  queues: Queues,
): Promise<ForecastSamples> {
  const { render, submit, store } = queues;
  const [counts, waitingRenders] = await Promise.all([
    engine.countPriorities(QUEUE.submit),
    engine.countPriorities(QUEUE.render),
  ]);
  const [renders, polled, submissions, stores, repurchases] = await Promise.all([
    render.getJobs(['completed'], 0, SAMPLES.completed - 1),
    render.getJobs(['delayed'], 0, SAMPLES.inFlight - 1),
    submit.getJobs(['completed'], 0, SAMPLES.submissions - 1),
    store.getJobs(['completed'], 0, SAMPLES.stores - 1),
    listWaitingRepurchases(submit, counts),
  ]);
  const ended = submissions.flatMap(({ data, timestamp, processedOn, finishedOn }) =>
    processedOn && finishedOn
      ? [
          {
            lane: data.request.priority,
            attempt: data.attempt,
            addedAt: timestamp,
            startedAt: processedOn,
            endedAt: finishedOn,
          },
        ]
      : [],
  );
  return {
    completed: renders.flatMap(({ data, finishedOn, returnvalue }) =>
      finishedOn && returnvalue?.status === 'completed' ? readDuration(data, finishedOn) : [],
    ),
    inFlight: polled.flatMap(({ data }) => (data.at?.step === 'poll' ? readAcceptance(data) : [])),
    submissions: ended,
    repurchasedAt: [
      ...ended.filter(({ attempt }) => attempt > 1).map(({ addedAt }) => addedAt),
      ...repurchases,
    ],
    storeMs: stores.flatMap(({ timestamp, finishedOn }) => (finishedOn ? [finishedOn - timestamp] : [])),
    waiting: countLanes(waitingRenders, counts),
  };
}

/** Renders that no worker has picked up, and submissions that wait for their turn. */
function countLanes(renders: readonly PriorityCount[], submissions: readonly PriorityCount[]): LaneCounts {
  const sum = (lane: LaneName) => readLane(lane, renders).waiting + readLane(lane, submissions).waiting;
  return { interactive: sum('interactive'), batch: sum('batch') };
}

const readDuration = (data: Checkpoint, endedAt: number): ForecastSamples['completed'] =>
  readAcceptance(data).map((accepted) => ({ ...accepted, endedAt }));

function readAcceptance(data: Checkpoint): ForecastSamples['inFlight'] {
  try {
    const { purchases, request } = readCheckpoint(data);
    const acceptedAt = purchases.findLast(({ outcome }) => outcome === 'accepted')?.acceptedAt;
    return acceptedAt === undefined ? [] : [{ resolution: request.resolution, acceptedAt }];
  } catch {
    // Another version wrote it.
    return [];
  }
}

/** When the further purchases that wait were added. */
async function listWaitingRepurchases(submit: Queue, counts: readonly PriorityCount[]): Promise<number[]> {
  let end = 0;
  const lines = counts.map(({ count }) => ({ start: end, count, end: (end += count) }));
  const longest = lines.toSorted((one, other) => other.count - one.count).slice(0, TAILS.lines);
  const tails = await Promise.all(
    longest.map((line) =>
      submit.getRanges(['prioritized'], Math.max(line.start, line.end - TAILS.each), line.end - 1, true),
    ),
  );
  const repurchases = tails
    .flat()
    .filter((id) => !id.endsWith('.s1'))
    .slice(-MAX_REPURCHASES);
  const jobs = await Promise.all(repurchases.map((id) => submit.getJob(id)));
  return jobs.flatMap((job) => (job ? [job.timestamp] : []));
}
