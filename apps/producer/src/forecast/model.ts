import type { LaneName } from '@darkroom/shared/queues';
import type { ForecastSamples, LaneCounts } from '../backends/index.ts';
import { createDurations, type Durations, estimateDurations, type Observed } from './durations.ts';

/** How renders move through Darkroom at present, as far as the samples say it. */
export interface ForecastModel {
  /** Submissions per second. */
  perSecond: number;
  /** How much the submissions of a second differ: standard deviation / mean. */
  variation: number;
  /** For how many seconds the submissions were observed. 0: not observed, the quota counts. */
  observedS: number;
  /** Interactive renders per second that are created meanwhile, and go before batch renders. */
  overtakingPerSecond: number;
  /** Milliseconds that a submission takes. */
  submitMs: Durations;
  /** Milliseconds from an acceptance to the end of the render. `undefined`: too few renders have completed. */
  renderMs: Durations | undefined;
  /** The same, of one resolution. Absent for a resolution with few samples. */
  renderMsOf: ReadonlyMap<string, Durations>;
  /** Milliseconds from the end of a task to the stored image. */
  storeMs: Durations | undefined;
  /** The share of the tasks that fail and are bought again. */
  repurchaseShare: number;
  waiting: LaneCounts;
}

/** A 90th percentile of fewer durations says little. */
const MIN_SAMPLES = 20;
/** Ends are observed for at least this share of the longest duration. */
const MIN_OBSERVED_SHARE = 0.25;
/** Submissions that were observed longer ago do not count: the quota counts then. */
const MAX_AGE_MS = 60_000;
/** Submissions are observed for at least so many seconds. */
const MIN_OBSERVED_S = 3;

/** @param quota submissions per second. Pure. */
export function createModel(samples: ForecastSamples, quota: number, now: number): ForecastModel {
  const { submissions, storeMs, waiting } = samples;
  const observed = observeSubmissions(submissions, now);
  const renders = observeRenders(samples, now);
  const byResolution = [...Map.groupBy(renders, ({ resolution }) => resolution)];
  return {
    perSecond: Math.min(quota, observed?.perSecond ?? quota),
    variation: observed?.variation ?? 0,
    observedS: observed?.seconds ?? 0,
    overtakingPerSecond: observed?.interactivePerSecond ?? 0,
    submitMs: createDurations(submissions.map(({ startedAt, endedAt }) => ({ ms: endedAt - startedAt }))),
    renderMs: estimateIfEnough(renders),
    renderMsOf: new Map(
      byResolution.flatMap(([resolution, own]) =>
        hasEnough(own) ? [[resolution, estimateDurations(own)]] : [],
      ),
    ),
    storeMs: storeMs.length >= MIN_SAMPLES ? createDurations(storeMs.map((ms) => ({ ms }))) : undefined,
    repurchaseShare: computeRepurchaseShare(samples),
    waiting,
  };
}

const hasEnough = (renders: readonly Observed[]) =>
  renders.filter(({ ended }) => ended).length >= MIN_SAMPLES;

const estimateIfEnough = (renders: readonly Observed[]) =>
  hasEnough(renders) ? estimateDurations(renders) : undefined;

/**
 * Renders from their acceptance to their end. The observation began with the first end that was read. If all ended at
 * about the same time, for example after an outage, that would leave nothing to observe: then they count as they are.
 */
function observeRenders({ completed, inFlight }: ForecastSamples, now: number) {
  const ends = completed.map(({ endedAt }) => endedAt);
  const longest = Math.max(...completed.map(({ acceptedAt, endedAt }) => endedAt - acceptedAt));
  const isShort = Math.max(...ends) - Math.min(...ends) < longest * MIN_OBSERVED_SHARE;
  const since = isShort ? Number.NEGATIVE_INFINITY : Math.min(...ends);
  const observe = (acceptedAt: number, to: number) => ({
    from: Math.max(0, since - 1 - acceptedAt),
    to: to - acceptedAt,
  });
  return [
    ...completed.map(({ resolution, acceptedAt, endedAt }) => ({
      resolution,
      ...observe(acceptedAt, endedAt),
      ended: true,
    })),
    ...inFlight
      .filter(({ acceptedAt }) => acceptedAt < now)
      .map(({ resolution, acceptedAt }) => ({ resolution, ...observe(acceptedAt, now), ended: false })),
  ];
}

/**
 * The submissions of the latest time in which one always waited for its turn. Only then their number says how many are
 * possible. @returns `undefined` if that time is too short, or too long ago
 */
function observeSubmissions(submissions: ForecastSamples['submissions'], now: number) {
  const latestFirst = submissions.toSorted((one, other) => other.startedAt - one.startedAt);
  const idle = latestFirst.findIndex(
    ({ addedAt }, at) => addedAt > (latestFirst[at + 1]?.startedAt ?? Number.NEGATIVE_INFINITY),
  );
  const busy = latestFirst.slice(0, idle === -1 ? undefined : idle + 1);
  const [last, first] = [busy[0]?.startedAt ?? 0, busy.at(-1)?.startedAt ?? 0];
  const seconds = Math.floor((last - first) / 1_000);
  if (seconds < MIN_OBSERVED_S || now - last > MAX_AGE_MS) return undefined;
  // Whole seconds, back from the last submission. The first one may be cut.
  const counts = Array.from({ length: seconds }, () => 0);
  for (const { startedAt } of busy) {
    const second = Math.floor((last - startedAt) / 1_000);
    if (second < seconds) counts[second] = (counts[second] ?? 0) + 1;
  }
  const perSecond = counts.reduce((sum, count) => sum + count, 0) / seconds;
  const variance = counts.reduce((sum, count) => sum + (count - perSecond) ** 2, 0) / seconds;
  const created = submissions.filter(
    ({ lane, addedAt }) => lane === PRIVILEGED && addedAt >= first && addedAt <= last,
  );
  return {
    perSecond,
    seconds,
    variation: Math.sqrt(variance) / perSecond,
    interactivePerSecond: created.length / seconds,
  };
}

const PRIVILEGED = 'interactive' satisfies LaneName;

/** Of the tasks that ended since the first sampled render completed. */
function computeRepurchaseShare({ completed, repurchasedAt }: ForecastSamples): number {
  if (completed.length === 0) return 0;
  const since = Math.min(...completed.map(({ endedAt }) => endedAt));
  const repurchases = repurchasedAt.filter((at) => at >= since).length;
  return repurchases / (repurchases + completed.length);
}
