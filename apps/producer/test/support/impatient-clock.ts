import { type Clock, systemClock } from '@darkroom/shared/runtime';

/** A clock with which what the producer read is always out of date, so that each request reads again. */
export function impatientClock(): Clock {
  let reads = 0;
  return {
    ...systemClock,
    now: () => {
      reads += 1;
      return systemClock.now() + reads * 1_100;
    },
  };
}
