const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** From a try to the next one, in the spirit of Standard Webhooks: the first is made at once, the last a day later. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 6 * HOUR, 10 * HOUR];
/** Share of a pause by which it may be shorter or longer, so that a night's renders do not come back together. */
const JITTER = 0.1;
const LONGEST_HINT_MS = HOUR;

/**
 * How long to wait after try number `tries`, from 1. Pure.
 *
 * @param options.hintMs what the receiver asked for (`Retry-After`); it can make a pause longer, up to an hour.
 * @returns `undefined` when that was the last try.
 */
export function nextWebhookDelay(options: {
  tries: number;
  /** In [0, 1). */
  random: number;
  hintMs?: number | undefined;
}): number | undefined {
  const pause = PAUSES_MS[options.tries - 1];
  if (pause === undefined) return undefined;
  const jittered = pause * (1 - JITTER + 2 * JITTER * options.random);
  return Math.round(Math.max(jittered, Math.min(options.hintMs ?? 0, LONGEST_HINT_MS)));
}
