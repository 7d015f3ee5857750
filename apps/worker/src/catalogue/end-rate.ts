/** The rate of the last minutes. */
const WINDOW_MS = 10 * 60_000;
/** Samples that are kept: one per this time. */
const SAMPLE_MS = 10_000;

interface Sample {
  at: number;
  ended: number;
}

/** How fast the items of a run end. Its memory does not grow. */
export interface EndRate {
  /** @param now Unix milliseconds @param ended all items that have ended */
  note(now: number, ended: number): void;
  /** Items per minute in the last ten minutes. @returns `undefined` when none ended */
  perMinute(now: number): number | undefined;
}

export function createEndRate(): EndRate {
  let samples: Sample[] = [];
  let last: Sample | undefined;
  return {
    note(now, ended) {
      last = { at: now, ended };
      const newest = samples.at(-1);
      if (newest && now - newest.at < SAMPLE_MS) return;
      samples = [...samples.filter(({ at }) => now - at < WINDOW_MS), last];
    },
    perMinute(now) {
      const first = samples.find(({ at }) => now - at < WINDOW_MS);
      if (!first || !last || last.ended <= first.ended || now <= first.at) return undefined;
      return ((last.ended - first.ended) * 60_000) / (now - first.at);
    },
  };
}
