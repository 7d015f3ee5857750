/** Until when something may take. */
export interface TimeLimit {
  /** Unix milliseconds. */
  endsAt: number;
  /** Since when (Unix ms) every check doubted the limit: it found it passed, or farther away than a limit can be. */
  doubtedSince?: number | undefined;
}

/**
 * Checks a limit against a clock that may jump, for some seconds or for good. A limit is over only when two checks, with
 * real time between them, found it passed: one check may have been made while the clock was ahead. In the same way, a
 * limit that was written while the clock was ahead begins anew.
 *
 * @param options.maxMs how far away the limit can be
 * @param options.graceMs the time between the two checks, longer than a jump of a clock that is being set
 */
export function checkTimeLimit(
  { endsAt, doubtedSince }: TimeLimit,
  { now, maxMs, graceMs }: { now: number; maxMs: number; graceMs: number },
): { limit: TimeLimit; isOver: boolean } {
  const isPassed = now >= endsAt;
  if (!isPassed && endsAt - now <= maxMs) return { limit: { endsAt }, isOver: false };
  // A doubt in the future was noted while the clock was ahead.
  const since = doubtedSince === undefined || doubtedSince > now ? now : doubtedSince;
  const isCertain = now - since >= graceMs;
  if (isPassed) return { limit: { endsAt, doubtedSince: since }, isOver: isCertain };
  return {
    limit: isCertain ? { endsAt: since + maxMs } : { endsAt, doubtedSince: since },
    isOver: false,
  };
}

/** The doubt about a limit, for a checkpoint. */
export const pickDoubt = ({ doubtedSince }: TimeLimit): { doubtedSince?: number } =>
  doubtedSince === undefined ? {} : { doubtedSince };

/** The time between the two checks of a limit of `maxMs`. */
export const checkGrace = (maxMs: number): number => Math.min(maxMs, 30_000);
