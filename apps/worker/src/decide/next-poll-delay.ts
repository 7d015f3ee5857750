/** What tasks of one kind usually take, in ms since the provider accepted them. */
export interface LatencyShape {
  p10: number;
  p50: number;
  p90: number;
}

export interface PollPlan {
  /** Ms since acceptance. */
  elapsedMs: number;
  latency: LatencyShape;
  /** Tasks that are being polled, by everybody. */
  inFlight: number;
  /** Status queries per second that the account may make. */
  queriesPerSecond: number;
  /** In [0, 1). */
  random: number;
}

/** Nobody is served by looking more often than this. */
const CLOSEST_MS = 200;
/** Share of the quota that plans may use: the rest is for retries and redrives. */
const QUOTA_SHARE = 0.8;

/**
 * When to look at a task next, in ms from now. Nothing finishes before the fastest tenth, so the first look comes
 * then; around the median a look costs least per result found, so they are closest there; a late task is likely
 * to be later still, so gaps grow with its age. The quota bounds it all: with many in flight, gaps stretch until
 * all of them together stay inside.
 */
export function nextPollDelay(plan: PollPlan): number {
  const { p10, p50, p90 } = plan.latency;
  const span = Math.max(p90 - p10, p50 * 0.2, CLOSEST_MS);
  const gap =
    plan.elapsedMs < p10
      ? p10 - plan.elapsedMs
      : plan.elapsedMs <= p90
        ? span / 8
        : Math.max(span / 8, plan.elapsedMs * 0.15);
  const fairGap = (plan.inFlight / (plan.queriesPerSecond * QUOTA_SHARE)) * 1000;
  const jitter = 0.9 + plan.random * 0.2;
  return Math.round(Math.max(gap, fairGap, CLOSEST_MS) * jitter);
}
