import { Cron } from 'croner';

/** When a schedule fires. */
export interface CronTimes {
  /** Five fields. It fires at most once per local date. */
  cron: string;
  timeZone: string;
}

/** One due time of a schedule. A catalogue has at most one night per local date. */
export interface Night {
  /** The local date: `2026-11-27`. */
  date: string;
  /** Unix milliseconds. */
  dueAt: number;
}

/**
 * The first night after a time. A time of day that does not exist on its date (spring) is shifted to the end of the gap. One
 * that exists twice (autumn) is due at its first time only.
 *
 * @returns `undefined` when the schedule never fires again
 */
export function findNextNight({ cron, timeZone }: CronTimes, after: number): Night | undefined {
  const dueAt = findNextTime(cron, timeZone, after);
  return dueAt === undefined ? undefined : { date: formatLocalDate(dueAt, timeZone), dueAt };
}

/** The nights in `(after, until]`, in ascending order, one per local date. */
export function listNights(times: CronTimes, after: number, until: number): Night[] {
  const nights: Night[] = [];
  for (let night = findNextNight(times, after); night && night.dueAt <= until; ) {
    if (nights.at(-1)?.date !== night.date) nights.push(night);
    night = findNextNight(times, night.dueAt);
  }
  return nights;
}

/** A time of day such as `06:00`, the first time after a time. */
export function findNextTimeOfDay(timeOfDay: string, timeZone: string, after: number): number | undefined {
  const [hour, minute] = timeOfDay.split(':');
  return findNextTime(`${Number(minute)} ${Number(hour)} * * *`, timeZone, after);
}

/** How often a cron expression fires on its dates. @returns `invalid` for another text */
export function classifyCron(cron: string): 'invalid' | 'never' | 'daily' | 'too_often' {
  try {
    // Five fields: a catalogue that runs each second is a mistake.
    if (cron.trim().split(/\s+/).length !== 5) return 'invalid';
    // Hours and minutes are the same on each date, so the first date decides. UTC has no missing and no repeated hours.
    const times = new Cron(cron, { timezone: 'UTC', paused: true });
    const first = times.nextRun(new Date(A_MIDNIGHT - 1));
    if (!first) return 'never';
    const second = times.nextRun(first);
    const isSameDate = second && formatLocalDate(+first, 'UTC') === formatLocalDate(+second, 'UTC');
    return isSameDate ? 'too_often' : 'daily';
  } catch {
    return 'invalid';
  }
}

const A_MIDNIGHT = Date.UTC(2026, 0, 1);

/** The date of a time in a time zone: `2026-11-27`. */
export function formatLocalDate(at: number, timeZone: string): string {
  let format = FORMATS.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    FORMATS.set(timeZone, format);
  }
  return format.format(at);
}

/** A formatter takes a hundred times longer to make than to use. There are about 600 time zones. */
const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** Between `from` and `next`, the answer is `next`: a sweep asks each minute, and a search takes 200 µs. */
interface Interval {
  from: number;
  next: number;
}

const INTERVALS = new Map<string, Interval[]>();
const MAX_EXPRESSIONS = 1_000;
const MAX_INTERVALS = 8;

function findNextTime(cron: string, timeZone: string, after: number): number | undefined {
  const name = `${cron}\n${timeZone}`;
  const known = INTERVALS.get(name) ?? [];
  const found = known.find(({ from, next }) => from <= after && after < next);
  if (found) return found.next;
  const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after))?.getTime();
  if (next === undefined) return undefined;
  if (INTERVALS.size >= MAX_EXPRESSIONS) INTERVALS.clear();
  INTERVALS.set(name, [{ from: after, next }, ...known].slice(0, MAX_INTERVALS));
  return next;
}
