/** How long tasks of one kind take, in ms since the provider accepted them, as quantiles. */
export interface LatencyShape {
  p10: number;
  p50: number;
  p90: number;
}

export interface PollPlan {
  /** Ms since acceptance. */
  elapsedMs: number;
  /** No poll was made yet. */
  isFirst: boolean;
  latency: LatencyShape;
  /** Tasks that are being polled, by all workers. */
  inFlight: number;
  /** Polls per second that the account may make. */
  pollsPerSecond: number;
  /** In [0, 1). */
  random: number;
}

/** More frequent polls find no result earlier. */
const MIN_DELAY_MS = 200;
/**
 * Even a very late task is polled this often. Its age also counts the time in which no worker ran, so without a limit an
 * outage of a day would delay the next poll by hours.
 */
const MAX_LATE_DELAY_MS = 135_000;
/** Share of the quota that planned polls may use. The rest is for retries and redrives. */
const QUOTA_SHARE = 0.8;

/**
 * When to poll a task next, in ms from now. The fastest tenth of the tasks sets the first poll, because nothing finishes
 * earlier; a task that is older than that is polled at once the first time. Around the median a poll costs least per result, so the delays are shortest there. A late task is likely to
 * be later still, so its delays grow with its age. The quota bounds all of this: with many tasks in flight the delays
 * grow until all polls together stay inside the quota.
 */
export function nextPollDelay(plan: PollPlan): number {
  const { p10, p50, p90 } = plan.latency;
  const span = Math.max(p90 - p10, p50 * 0.2, MIN_DELAY_MS);
  const gap =
    plan.elapsedMs < p10
      ? p10 - plan.elapsedMs
      : plan.isFirst
        ? 0
        : plan.elapsedMs <= p90
          ? span / 8
          : Math.max(span / 8, Math.min(plan.elapsedMs * 0.15, MAX_LATE_DELAY_MS));
  const quotaGap = (plan.inFlight / (plan.pollsPerSecond * QUOTA_SHARE)) * 1000;
  const jitter = 0.9 + plan.random * 0.2;
  return Math.round(Math.max(gap, quotaGap, MIN_DELAY_MS) * jitter);
}
