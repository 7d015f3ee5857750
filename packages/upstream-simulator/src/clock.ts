/** Time, as everything here sees it. `now` is milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Runs `fn` after `ms`; the answer cancels it. A timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void;
}

/** Node answers a longer setTimeout by firing at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const step = Math.min(left, MAX_TIMER_MS);
      timer = setTimeout(() => (left > step ? arm(left - step) : fn()), step);
      timer.unref();
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

export interface ManualClock extends Clock {
  /** Moves time on, and runs what came due on the way in its order. */
  advance(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
  /** How long the first of them still waits. */
  readonly nextInMs: number | undefined;
}

/** A clock that stands still until it is told to move: for tests without sleeps. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  let serial = 0;
  const timers = new Map<number, { at: number; fn: () => void }>();
  const nextDue = (until: number): [number, { at: number; fn: () => void }] | undefined => {
    let best: [number, { at: number; fn: () => void }] | undefined;
    for (const entry of timers) {
      if (entry[1].at <= until && (best === undefined || entry[1].at < best[1].at)) best = entry;
    }
    return best;
  };
  return {
    now: () => now,
    after(ms, fn) {
      const id = ++serial;
      timers.set(id, { at: now + Math.max(0, ms), fn });
      return () => void timers.delete(id);
    },
    advance(ms) {
      const until = now + ms;
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].fn();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
    get nextInMs() {
      const next = nextDue(Number.POSITIVE_INFINITY);
      return next && next[1].at - now;
    },
  };
}
