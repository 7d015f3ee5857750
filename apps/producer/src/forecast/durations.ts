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

/** A thing that was observed for a time: from its start, or from the start of the observation if that was later. */
export interface Observed {
  /** Its age when the observation of it began, in milliseconds. */
  from: number;
  /** Its age when it ended, or its present age. */
  to: number;
  ended: boolean;
}

/**
 * Durations of all things, from things that ended and things that go on. Shortly after a start from rest only the short
 * ones have ended, and the others must count, too (the estimator of Kaplan and Meier, with delayed entry).
 */
export function estimateDurations(observed: readonly Observed[]): Durations {
  const ends = observed.filter(({ ended }) => ended).toSorted((one, other) => one.to - other.to);
  const starts = observed.map(({ from }) => from).toSorted((one, other) => one - other);
  const stops = observed.map(({ to }) => to).toSorted((one, other) => one - other);
  let [started, stopped] = [0, 0];
  /** The share of all things that takes longer. */
  let longer = 1;
  const samples = ends.map(({ to }) => {
    while ((starts[started] ?? Number.POSITIVE_INFINITY) < to) started += 1;
    while ((stops[stopped] ?? Number.POSITIVE_INFINITY) < to) stopped += 1;
    const weight = longer / Math.max(1, started - stopped);
    longer -= weight;
    return { ms: to, weight };
  });
  // What takes longer than all that ended is not known. It takes longer than all that go on.
  const longest = stops.at(-1) ?? 0;
  return createDurations(longer > 0 ? [...samples, { ms: longest * TAIL, weight: longer }] : samples);
}

/** How much longer the rest takes. */
const TAIL = 1.25;
