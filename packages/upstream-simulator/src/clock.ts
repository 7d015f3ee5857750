/** The time source of the whole simulator. `now` is milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Runs `fn` after `ms` and returns a function that cancels it. A timer never keeps the process alive. */
  after(ms: number, fn: () => void): () => void;
}

/** Node fires a longer setTimeout at once. */
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
  /** Moves the time forward and runs the timers that become due, in their order. */
  advance(ms: number): void;
  /** The number of waiting timers. */
  readonly pending: number;
  /** Milliseconds until the next timer. */
  readonly nextInMs: number | undefined;
}

/** A clock that moves only when a test advances it, so that tests need no sleeps. */
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
