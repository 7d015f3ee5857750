/**
 * Shared counters, on Redis for every process of a deployment or in this process for the embedded engine.
 * A quota here is a token count per fixed second: callers spread themselves, it only stops the excess.
 */
export interface Counters {
  /**
   * Takes one of `perSecond` units of `key` in the running second.
   * @returns 0 when taken, else the milliseconds until it is worth asking again.
   */
  take(key: string, perSecond: number): Promise<number>;
  /** Nobody takes a unit of `key` for `ms` from now: a server said Retry-After. */
  block(key: string, ms: number): Promise<void>;
}
