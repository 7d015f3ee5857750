import { type CronTimes, findNextNight, listNights, type Night } from '../nights/index.ts';

/** Nights that are older are forgotten. */
export const MAX_NIGHT_AGE_MS = 31 * 86_400_000;

/** What a decision needs of a schedule. */
export interface NightRules extends CronTimes {
  /** How late a night may begin. */
  catchUpMs: number;
  /** Unix milliseconds. Nights before it are not due. */
  since: number;
}

export interface NightDecision {
  /** The night that begins now. */
  start: Night | undefined;
  /** Nights that do not run any more. Record them in this order, before the start. */
  missed: { night: Night; reason: string }[];
  /** The next night. Until then, the answer is the same after these are recorded. */
  next: Night | undefined;
}

/**
 * Which nights are due. It needs no memory but the last recorded night, so a scheduler may stop at any time: a night that it
 * missed runs once when it is back inside the catch-up window, else it is recorded as missed. Pure.
 *
 * @param recordedThrough the last local date that has a record. Nights are recorded in ascending order.
 */
export function decideNights(
  rules: NightRules,
  recordedThrough: string | undefined,
  now: number,
): NightDecision {
  const after = Math.max(rules.since, now - MAX_NIGHT_AGE_MS, findDateBegin(recordedThrough));
  const due = listNights(rules, after, now).filter(
    ({ date }) => recordedThrough === undefined || date > recordedThrough,
  );
  const last = due.at(-1);
  const start = last && now - last.dueAt <= rules.catchUpMs ? last : undefined;
  return {
    start,
    missed: due
      .filter((night) => night !== start)
      .map((night) => ({
        night,
        reason:
          now - night.dueAt <= rules.catchUpMs
            ? 'no worker was there when it was due, and a later night is due'
            : 'no worker was there when it was due, and its catch-up window is over',
      })),
    next: findNextNight(rules, now),
  };
}

/** A time that is before every night of a date, in all time zones. */
function findDateBegin(date: string | undefined): number {
  return date === undefined ? Number.NEGATIVE_INFINITY : Date.parse(`${date}T00:00:00Z`) - 15 * 3_600_000;
}
