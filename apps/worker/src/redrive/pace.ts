/**
 * When the next render is due (Unix ms), and how much time the redrive is behind its rate (ms). A run begins with a `nextAt`
 * that is not in the past: a pause, or the death of a worker, is not made up for.
 */
export interface Pace {
  nextAt: number;
  debtMs: number;
}

/** Timers and calls are late: so much is made up for at once. */
const MAX_BURST_MS = 200;
/** More is made up for by a rate that is higher by this factor, until the debt is paid. */
const CATCH_UP_FACTOR = 1.04;
/** Time behind the rate that is made up for at most. */
const MAX_DEBT_MS = 60_000;

/** The pace at this time: what a burst cannot make up for becomes debt. */
export function updatePace({ nextAt, debtMs }: Pace, now: number): Pace {
  const lostMs = Math.max(0, now - MAX_BURST_MS - nextAt);
  return { nextAt: nextAt + lostMs, debtMs: Math.min(MAX_DEBT_MS, debtMs + lostMs) };
}

/** How many renders are due, so that `rate` per second are started. */
export function countDue(pace: Pace, now: number, rate: number): number {
  return now < pace.nextAt ? 0 : Math.floor((now - pace.nextAt) / stepMs(pace, rate)) + 1;
}

/** The pace after `count` renders were started. */
export function advancePace(pace: Pace, count: number, rate: number): Pace {
  const step = stepMs(pace, rate);
  return {
    nextAt: pace.nextAt + count * step,
    debtMs: Math.max(0, pace.debtMs - count * (1000 / rate - step)),
  };
}

const stepMs = ({ debtMs }: Pace, rate: number) => 1000 / (debtMs > 0 ? rate * CATCH_UP_FACTOR : rate);
