import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Counters } from './engine.ts';
import { toEngineError } from './errors.ts';

/** More than all callers together take in a second: a key that holds this count is blocked for every `perSecond`. */
const BLOCKED = 1_000_000_000;

/** The window of the limiter that {@link createCounters} takes, in seconds. */
export const COUNTER_WINDOW_SECONDS = 1;

/**
 * {@link Counters} over a limiter of rate-limiter-flexible, in Redis or in memory.
 *
 * The limiter only counts. The comparison is made here, so that callers with different `perSecond` share one count. A
 * window opens with the first `take` after the last window and lasts one second. Refused takes also count. That
 * changes nothing, because the window is full already.
 *
 * When the engine is away, both methods reject with EngineError `unavailable`. The rest of the quota is unknown then,
 * so the caller waits. A guess could exceed the quota (I9).
 */
export function createCounters(limiter: RateLimiterAbstract): Counters {
  return {
    async take(key, perSecond) {
      try {
        const { consumedPoints, msBeforeNext } = await limiter.penalty(key, 1);
        return consumedPoints <= perSecond ? 0 : Math.max(1, Math.ceil(msBeforeNext));
      } catch (error) {
        throw toEngineError(error);
      }
    },
    async block(key, ms) {
      if (ms <= 0) return;
      try {
        const current = await limiter.get(key);
        // A shorter Retry-After does not lift a longer one.
        if (current && current.consumedPoints >= BLOCKED && current.msBeforeNext >= ms) return;
        // Redis keeps whole seconds and would round down.
        await limiter.set(key, BLOCKED, Math.ceil(ms / 1_000));
      } catch (error) {
        throw toEngineError(error);
      }
    },
  };
}
