import type { Clock } from '@darkroom/shared/runtime';
import { findWaitCause, type RenderSnapshot } from '@darkroom/shared/snapshot';
import type { ReadSubmitQuota, RenderQueue, WaitConditionsReader } from '../backends/index.ts';
import { snapshotOfRenderJob } from '../lookup/index.ts';
import { estimateEta } from './eta.ts';

export interface Forecast {
  /** The position in the queue, from 1. Absent for a render that does not wait for its submission. */
  queuePosition?: number;
  /** Unix milliseconds: when the image is probably ready. */
  eta?: number;
}

/** Throws {@link EngineError} `unavailable` when the queue is away. */
export type ReadForecast = (snapshot: RenderSnapshot) => Promise<Forecast>;

export interface ForecastDeps {
  queue: RenderQueue;
  waiting: WaitConditionsReader;
  clock: Clock;
  readSubmitQuota: ReadSubmitQuota;
  /** Used until a render has completed. Milliseconds. */
  expectedDurationMs: number;
}

/** How many of the latest completed renders are read, and how long what was read of them is used. */
const SAMPLE = { renders: 50, maxAgeMs: 10_000 };

/** Forecasts of renders that have not ended. */
export function createForecast(deps: ForecastDeps): ReadForecast {
  const readDurations = createDurationReader(deps);
  return async (snapshot) => {
    const { status, renderId, attempts, request } = snapshot;
    if (status !== 'queued' && status !== 'rendering' && status !== 'storing') return {};
    const waiting =
      status === 'queued' ? { renderId, attempt: attempts + 1, priority: request.priority } : undefined;
    const [position, submissionsStopped, durations] = await Promise.all([
      waiting && deps.queue.findPosition(waiting),
      waiting ? isSubmissionStopped(deps.waiting, snapshot) : false,
      readDurations(),
    ]);
    const eta = estimateEta(snapshot, {
      now: deps.clock.now(),
      position,
      submissionsStopped,
      submitsPerSecond: await deps.readSubmitQuota(),
      durations,
    });
    return {
      ...(position === undefined ? {} : { queuePosition: position }),
      ...(eta === undefined ? {} : { eta: Math.round(eta) }),
    };
  };
}

/** By the account, or by an operator. */
async function isSubmissionStopped(
  waiting: WaitConditionsReader,
  snapshot: RenderSnapshot,
): Promise<boolean> {
  const cause = findWaitCause({ ...snapshot, step: 'submit' }, await waiting.read())?.cause;
  return cause === 'account' || cause === 'paused';
}

/** How long recent renders took from their acceptance by the provider to the stored image, in ascending order. */
function createDurationReader({ queue, clock, expectedDurationMs }: ForecastDeps) {
  let sample: { at: number; durations: Promise<number[]> } | undefined;
  const read = async () => {
    const jobs = await queue.listCompleted(SAMPLE.renders);
    const durations = jobs.flatMap((job) => {
      const { status, purchases, updatedAt } = snapshotOfRenderJob(job);
      const acceptedAt = purchases.findLast(({ outcome }) => outcome === 'accepted')?.acceptedAt;
      return status === 'completed' && acceptedAt !== undefined ? [updatedAt - acceptedAt] : [];
    });
    return durations.length > 0 ? durations.sort((one, other) => one - other) : [expectedDurationMs];
  };
  return async (): Promise<number[]> => {
    const now = clock.now();
    if (!sample || now - sample.at >= SAMPLE.maxAgeMs || now < sample.at) {
      const started = { at: now, durations: read() };
      sample = started;
      // The next call reads again.
      started.durations.catch(() => {
        if (sample === started) sample = undefined;
      });
    }
    return await sample.durations;
  };
}
