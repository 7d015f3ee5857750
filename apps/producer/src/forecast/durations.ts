/** Observed durations in milliseconds, ascending, each with the sum of the weights up to it. */
export interface Durations {
  values: readonly number[];
  cumulative: readonly number[];
}

export function createDurations(samples: readonly { ms: number; weight?: number }[]): Durations {
  const sorted = samples.toSorted((one, other) => one.ms - other.ms);
  let sum = 0;
  const cumulative = sorted.map(({ weight = 1 }) => (sum += weight));
  return { values: sorted.map(({ ms }) => ms), cumulative };
}

/**
 * A duration that is longer than `than`. Only these say how long a thing still takes that has taken so long.
 *
 * @param share in [0, 1): 0.5 is the median of them
 * @returns `undefined` if all durations are shorter
 */
export function pickLonger(
  { values, cumulative }: Durations,
  than: number,
  share: number,
): number | undefined {
  const first = values.findIndex((value) => value > than);
  if (first === -1) return undefined;
  const before = cumulative[first - 1] ?? 0;
  const wanted = before + share * ((cumulative.at(-1) ?? 0) - before);
  const at = cumulative.findIndex((sum) => sum > wanted);
  return values[at === -1 ? values.length - 1 : at];
}

/**
 * Weights for durations of things that ended lately, so that they stand for all things that started. Shortly after a
 * start from rest only the short ones have ended: a duration that had less time to end inside the sample counts more.
 */
export function weighEnded(
  ended: readonly { startedAt: number; endedAt: number }[],
): { ms: number; weight: number }[] {
  const firstStart = Math.min(...ended.map(({ startedAt }) => startedAt));
  const firstEnd = Math.min(...ended.map(({ endedAt }) => endedAt));
  const lastEnd = Math.max(...ended.map(({ endedAt }) => endedAt));
  const span = lastEnd - firstEnd;
  return ended.map(({ startedAt, endedAt }) => {
    const ms = endedAt - startedAt;
    // Things of this duration are in the sample if they started in this time.
    const startsSeen = lastEnd - ms - Math.max(firstEnd - ms, firstStart);
    return { ms, weight: span <= 0 ? 1 : Math.min(MAX_WEIGHT, span / Math.max(1, startsSeen)) };
  });
}

/** One duration must not stand for all. */
const MAX_WEIGHT = 10;
