/**
 * How long to wait before try number `tries + 1`. The server's hint comes first. Without a hint the wait is a capped,
 * doubling ceiling with full jitter, so that a thousand renders that failed together do not come back together.
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
  // A hint is a lower bound; the jitter above it spreads the renders.
  if (options.hintMs !== undefined)
    return Math.round(options.hintMs + options.random * Math.min(ceiling, 1000));
  return Math.max(50, Math.round(ceiling * options.random));
}
