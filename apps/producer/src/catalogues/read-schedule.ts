import type { CatalogueScheduleResponse } from '@darkroom/api';
import {
  findNextNight,
  formatLocalDate,
  MAX_NIGHT_AGE_MS,
  type Schedule,
  type ScheduleId,
} from '@darkroom/catalogue';
import { listOpenAlarms, type NightStores } from '../catalogue-watch/index.ts';

const toIsoTime = (at: number) => new Date(at).toISOString();

/** The schedule of a catalogue as the API shows it. @returns `undefined` without one */
export async function describeSchedule(
  id: ScheduleId,
  stores: NightStores,
  now: number,
  signal: AbortSignal,
): Promise<CatalogueScheduleResponse | undefined> {
  const schedule = await stores.schedules.readSchedule(id, { signal });
  if (!schedule) return undefined;
  const { tenant, catalogue, cron, timeZone, actor, scheduledAt } = schedule;
  const next = findNextNight(schedule, now);
  const [last_night, alarms] = await Promise.all([
    describeLastNight(schedule, stores, now, signal),
    listOpenAlarms(id, stores, now, signal),
  ]);
  return {
    object: 'catalogue_schedule',
    catalogue,
    tenant,
    cron,
    time_zone: timeZone,
    actor,
    scheduled_at: toIsoTime(scheduledAt),
    next_night: next ? { date: next.date, due_at: toIsoTime(next.dueAt) } : null,
    last_night,
    alarms: alarms.map(({ code, date, run, message, at }) => ({
      code,
      date,
      run,
      message,
      raised_at: toIsoTime(at),
    })),
  };
}

async function describeLastNight(
  schedule: Schedule,
  { schedules, runs }: NightStores,
  now: number,
  signal: AbortSignal,
): Promise<CatalogueScheduleResponse['last_night']> {
  const { tenant, catalogue, timeZone } = schedule;
  const oldest = formatLocalDate(now - MAX_NIGHT_AGE_MS, timeZone);
  const date = (await schedules.listNightDates(schedule, oldest, { signal })).at(-1);
  const record = date === undefined ? undefined : await schedules.readNight(schedule, date, { signal });
  if (date === undefined || !record) return null;
  const { outcome } = record;
  if (outcome === 'missed') return { date, outcome, run: null, status: null, reason: record.reason };
  const { run } = record;
  const summary = await runs.readSummary({ tenant, catalogue, run }, { signal });
  return { date, outcome, run, status: summary?.status ?? 'open', reason: summary?.reason ?? null };
}
