/**
 * How long to wait before try number `tries + 1`: the server's hint first, else a capped doubling with full
 * jitter, so that a thousand renders that failed together do not come back together.
 */
export function backoffMs(options: {
  /** Tries made so far, from 1. */
  tries: number;
  baseMs: number;
  capMs: number;
  hintMs?: number | undefined;
  random: number;
}): number {
  const ceiling = Math.min(options.capMs, options.baseMs * 2 ** Math.min(options.tries - 1, 30));
  // A hint is a floor; what jitter adds to it keeps the crowd apart.
  if (options.hintMs !== undefined)
    return Math.round(options.hintMs + options.random * Math.min(ceiling, 1000));
  return Math.max(50, Math.round(ceiling * options.random));
}
