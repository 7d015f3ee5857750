import { describe, expect, test } from 'vitest';
import { decideNights, findNextNight, formatLocalDate, judgeNight, type Night } from '../src/index.ts';
import { classifyCron } from '../src/nights/index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = Date.UTC(2027, 0, 1) - Date.UTC(2026, 0, 1);

/** The times that the changes of the clock of 2026 skip and repeat, and times near them. */
const ZONES = [
  ['Europe/Berlin', '30 2 * * *'],
  ['America/New_York', '30 1 * * *'],
  ['Australia/Lord_Howe', '15 2 * * *'],
  ['America/Santiago', '30 0 * * *'],
  ['Africa/Cairo', '30 0 * * *'],
  ['America/New_York', '30 2 * * *'],
  ['Australia/Lord_Howe', '45 1 * * *'],
  ['America/Santiago', '30 23 * * *'],
  ['Africa/Cairo', '30 23 * * *'],
] as const;

describe('decideNights()', () => {
  test.each(ZONES)(
    'begins exactly one night per local date of a year in %s at "%s", restarted every five minutes',
    (timeZone, cron) => {
      // The year of the zone, from midnight to midnight.
      const begin = findNextNight({ cron: '0 12 * * *', timeZone }, Date.UTC(2025, 11, 30, 23));
      const since = (begin?.dueAt ?? 0) + 12 * HOUR - 1;
      const rules = { cron, timeZone, catchUpMs: 6 * HOUR, since };
      const dates: string[] = [];
      for (let now = since; now <= since + YEAR; now += 5 * MINUTE) {
        const { start, missed } = decideNights(rules, dates.at(-1), now);
        expect(missed).toEqual([]);
        if (!start) continue;
        expect(formatLocalDate(now, timeZone)).toBe(start.date);
        dates.push(start.date);
      }
      expect(dates).toHaveLength(365);
      expect(new Set(dates).size).toBe(365);
      expect([dates.at(0), dates.at(-1)]).toEqual(['2026-01-01', '2026-12-31']);
    },
  );

  const rules = {
    cron: '0 1 * * *',
    timeZone: 'Europe/Berlin',
    catchUpMs: 6 * HOUR,
    since: Date.parse('2026-11-20T12:00:00Z'),
  };
  /** At 01:00 in Berlin. */
  const due = (date: string) => Date.parse(`${date}T00:00:00Z`);

  test('shifts a night of the missing hour, and begins one of the repeated hour at its first time', () => {
    const times = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
    expect(findNextNight(times, Date.parse('2026-03-28T12:00:00Z'))).toEqual({
      date: '2026-03-29',
      dueAt: Date.parse('2026-03-29T01:00:00Z'),
    });
    expect(findNextNight(times, Date.parse('2026-10-24T12:00:00Z'))).toEqual({
      date: '2026-10-25',
      dueAt: Date.parse('2026-10-25T00:30:00Z'),
    });
    expect(findNextNight(times, Date.parse('2026-10-25T00:30:00Z'))?.date).toBe('2026-10-26');
  });

  test('runs a night once that was missed, if it is back inside the catch-up window', () => {
    const now = due('2026-11-23') + 5 * HOUR;
    const { start, missed } = decideNights(rules, '2026-11-22', now);
    expect([start?.date, missed]).toEqual(['2026-11-23', []]);
    expect(decideNights(rules, '2026-11-23', now)).toMatchObject({
      start: undefined,
      missed: [],
      next: { date: '2026-11-24' },
    });
  });

  test('records nights as missed outside of the catch-up window', () => {
    const { start, missed } = decideNights(rules, '2026-11-21', due('2026-11-24') + 7 * HOUR);
    expect(start).toBeUndefined();
    expect(missed.map(({ night }) => night.date)).toEqual(['2026-11-22', '2026-11-23', '2026-11-24']);
    expect(missed.at(0)?.reason).toContain('catch-up window is over');
    const back = decideNights(rules, '2026-11-21', due('2026-11-24') + HOUR);
    expect([back.start?.date, back.missed.length]).toEqual(['2026-11-24', 2]);
  });

  test('begins no night from before it was scheduled', () => {
    expect(decideNights(rules, undefined, rules.since)).toMatchObject({ start: undefined, missed: [] });
    expect(decideNights(rules, undefined, rules.since + 13 * HOUR).start?.date).toBe('2026-11-21');
  });
});

test('classifyCron() accepts expressions that fire at most once per date', () => {
  expect(
    ['0 1 * * *', '30 23 * * 1-5', '0 4 29 2 *', '0,30 1 * * *', '0 */6 * * *', '* * * * *'].map(
      classifyCron,
    ),
  ).toEqual(['daily', 'daily', 'daily', 'too_often', 'too_often', 'too_often']);
  expect(['0 1 30 2 *', 'at night', '0 0 1 * * *'].map(classifyCron)).toEqual([
    'never',
    'invalid',
    'invalid',
  ]);
});

describe('judgeNight()', () => {
  const dueAt = Date.parse('2026-11-27T00:00:00Z');
  const night: Night = { date: '2026-11-27', dueAt };
  const rules = { startGraceMs: 15 * MINUTE, finishBy: dueAt + 5 * HOUR, minDurationMs: 10 * MINUTE };
  const record = { outcome: 'started' as const, dueAt, at: dueAt, run: '2026-11-27' };
  const nothing = { record, begunAt: undefined, plan: undefined, partsAdded: 0, summary: undefined };
  const begun = { ...nothing, begunAt: dueAt };
  const counts = { items: 9, bought: 9, unchanged: 0, quarantined: 0, not_bought: 0, failed: 0 };
  const endAt = (
    at: number,
    status: 'completed' | 'partial' | 'stopped' = 'completed',
    reason: string | null = null,
  ) => ({
    ...begun,
    summary: { status, reason, ended_at: new Date(at).toISOString(), counts },
  });
  const judge = (state: Parameters<typeof judgeNight>[2], now: number) =>
    judgeNight(night, rules, state, { now, submitsPerSecond: 10 });
  const codes = (state: Parameters<typeof judgeNight>[2], now: number) =>
    judge(state, now).alarms.map(({ code }) => code);

  test('alarms when no worker has begun a night after its grace time, with and without a record', () => {
    const after = dueAt + 15 * MINUTE;
    for (const state of [nothing, { ...nothing, record: undefined }]) {
      expect(codes(state, after)).toEqual([]);
      expect(codes(state, after + 1)).toEqual(['did_not_start']);
    }
    expect(codes(begun, after + HOUR)).toEqual([]);
  });

  test('alarms as soon as the plan needs more time than there is', () => {
    const plan = { parts: 400, plannedAt: dueAt + MINUTE };
    // 180,000 s at the quota: 5 hours.
    expect(codes({ ...begun, plan: { ...plan, buys: 200_000 } }, dueAt + MINUTE)).toEqual([
      'will_miss_deadline',
    ]);
    expect(codes({ ...begun, plan: { ...plan, buys: 100_000 } }, dueAt + MINUTE)).toEqual([]);
  });

  test('alarms when the pace is too slow for the deadline', () => {
    const state = { ...begun, plan: { parts: 100, buys: 50_000, plannedAt: dueAt }, partsAdded: 20 };
    expect(codes(state, dueAt + 59 * MINUTE)).toEqual([]);
    expect(codes(state, dueAt + 61 * MINUTE)).toEqual(['will_miss_deadline']);
  });

  test('alarms when the deadline has passed', () => {
    expect(codes(begun, rules.finishBy + 1)).toEqual(['will_miss_deadline']);
    expect(codes(endAt(rules.finishBy + 1), rules.finishBy + HOUR)).toEqual(['will_miss_deadline']);
    expect(codes(endAt(rules.finishBy), rules.finishBy + HOUR)).toEqual([]);
  });

  test('alarms when a night ended with failures', () => {
    const verdict = judge(endAt(dueAt + HOUR, 'stopped', 'a guard stopped it: stale_source'), dueAt + HOUR);
    expect(verdict.alarms).toEqual([
      {
        code: 'ended_with_failures',
        message: 'Its run is stopped: a guard stopped it: stale_source.',
      },
    ]);
    expect(verdict.isFinal).toBe(true);
    expect(codes(endAt(dueAt + HOUR, 'partial'), dueAt + HOUR)).toEqual(['ended_with_failures']);
  });

  test('alarms when a night is completed in less than min_duration', () => {
    expect(codes(endAt(dueAt + 9 * MINUTE), dueAt + HOUR)).toEqual(['too_fast']);
    expect(codes(endAt(dueAt + 10 * MINUTE), dueAt + HOUR)).toEqual([]);
  });

  test('alarms for a night that was recorded as missed', () => {
    const missed = { outcome: 'missed' as const, dueAt, at: dueAt, reason: 'its catch-up window is over' };
    expect(judge({ ...nothing, record: missed }, dueAt + 9 * HOUR)).toEqual({
      alarms: [{ code: 'missed', message: 'It did not run: its catch-up window is over.' }],
      isFinal: true,
    });
  });
});
