import { type AlarmRecord, formatLocalDate, type ScheduleId } from '@darkroom/catalogue';
import type { NightStores } from './night-state.ts';

export interface OpenAlarm extends AlarmRecord, ScheduleId {}

/** An alarm is open until a later night ends well, at most so long. */
const MAX_OPEN_MS = 8 * 86_400_000;

/** The alarms of a catalogue that no later good night has ended, in ascending order of their dates. */
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
  for (const date of await schedules.listNightDates(id, last.date, { signal })) {
    const record = await schedules.readNight(id, date, { signal });
    if (record?.outcome !== 'started') continue;
    const summary = await runs.readSummary({ ...id, run: record.run }, { signal });
    if (summary?.status === 'completed') return [];
  }
  return alarms.map((alarm) => ({ ...alarm, ...id }));
}
