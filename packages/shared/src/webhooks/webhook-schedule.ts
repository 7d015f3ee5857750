const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** From one try to the next, as Standard Webhooks recommends: the first try is made at once, the last one a day later. */
const DELAYS_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 6 * HOUR, 10 * HOUR];
/** Share by which a pause may be shorter or longer, so that renders of the same night do not come back together. */
const JITTER = 0.1;
const MAX_HINT_MS = HOUR;

/** The longest wait of a webhook after try number `tries`. */
export const maxWebhookDelay = (tries: number): number =>
  Math.max((DELAYS_MS[tries - 1] ?? 0) * (1 + JITTER), MAX_HINT_MS);

/**
 * How long to wait after try number `tries`, from 1, before a webhook is sent again.
 *
 * @param options.hintMs the receiver's `Retry-After`; it can make the delay longer, up to an hour.
 * @returns `undefined` after the last try.
 */
export function nextWebhookDelay(options: {
  tries: number;
  /** In [0, 1). */
  random: number;
  hintMs?: number | undefined;
}): number | undefined {
  const delay = DELAYS_MS[options.tries - 1];
  if (delay === undefined) return undefined;
  const jittered = delay * (1 - JITTER + 2 * JITTER * options.random);
  return Math.round(Math.max(jittered, Math.min(options.hintMs ?? 0, MAX_HINT_MS)));
}
