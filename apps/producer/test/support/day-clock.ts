import { type Clock, systemClock } from '@darkroom/shared/runtime';

const DAY_MS = 86_400_000;

/** A clock that stops before midnight (UTC): what a test writes, and what the producer then reads, belong to one day. */
export function dayClock(): Clock {
  const lastMs = Math.floor(systemClock.now() / DAY_MS) * DAY_MS + DAY_MS - 1;
  return { ...systemClock, now: () => Math.min(systemClock.now(), lastMs) };
}
