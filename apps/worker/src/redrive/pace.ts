/**
 * How many renders are due, so that `rate` per second are started. A delay of up to `MAX_CATCH_UP_MS` is made up for,
 * because timers and calls are late. A longer one is not made up for. A run begins with a `nextAt` that is not in the
 * past: after a pause or the death of a worker there is no burst.
 *
 * @param nextAt Unix ms: when the next render is due
 * @returns `nextAt` for the call after these renders were started
 */
export function takeDue(nextAt: number, now: number, rate: number): { due: number; nextAt: number } {
  const intervalMs = 1000 / rate;
  const from = Math.max(nextAt, now - MAX_CATCH_UP_MS);
  if (now < from) return { due: 0, nextAt: from };
  const due = Math.floor((now - from) / intervalMs) + 1;
  return { due, nextAt: from + due * intervalMs };
}

const MAX_CATCH_UP_MS = 1_000;
