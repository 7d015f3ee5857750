/**
 * A paused render checks this often whether it is still paused, in case nothing woke it at the end of the pause. Below the
 * time after which the sweep takes a wait for the mistake of a clock.
 */
const CHECK_EVERY_MS = 900_000;
/** Renders whose pause ends at one time come back within this time. */
const SPREAD_MS = 2_000;

/** How long a paused render waits. The end of a pause by an operator wakes it earlier. */
export function waitForPause({
  until,
  now,
  random,
}: {
  until: number | undefined;
  now: number;
  random: number;
}): { afterMs: number } {
  const left = until === undefined ? CHECK_EVERY_MS : Math.max(0, until - now);
  const spread = Math.round(random * SPREAD_MS);
  return {
    afterMs: left < CHECK_EVERY_MS ? left + 1 + spread : CHECK_EVERY_MS - Math.round(random * 60_000),
  };
}
