import { type AlarmRecord, formatLocalDate, type ScheduleId } from '@darkroom/catalogue';
import type { NightStores } from './night-state.ts';

export interface OpenAlarm extends AlarmRecord, ScheduleId {}

/** An alarm is open until a later night ends well, at most so long. */
const MAX_OPEN_MS = 8 * 86_400_000;

/**
 * The alarms of a catalogue that no later good night has ended, in ascending order of their dates. A night that did not start
 * in time, and is completed after all, needs no operator any more.
 */
export async function listOpenAlarms(
  { tenant, catalogue }: ScheduleId,
  { schedules, runs }: NightStores,
  now: number,
  signal: AbortSignal,
): Promise<OpenAlarm[]> {
  const id = { tenant, catalogue };
  const alarms = await schedules.listAlarms(id, formatLocalDate(now - MAX_OPEN_MS, 'UTC'), { signal });
  const last = alarms.at(-1);
  if (!last) return [];
  const isCompleted = async (date: string) => {
    const record = await schedules.readNight(id, date, { signal });
    if (record?.outcome !== 'started') return false;
    return (await runs.readSummary({ ...id, run: record.run }, { signal }))?.status === 'completed';
  };
  for (const date of await schedules.listNightDates(id, last.date, { signal }))
    if (await isCompleted(date)) return [];
  const isOver = await isCompleted(last.date);
  return alarms
    .filter(({ date, code }) => !(isOver && date === last.date && code === 'did_not_start'))
    .map((alarm) => ({ ...alarm, ...id }));
}
