import { type AlarmRecord, formatLocalDate, type ScheduleId } from '@darkroom/catalogue';
import type { NightStores } from './night-state.ts';

export interface OpenAlarm extends AlarmRecord, ScheduleId {}

/** An alarm is open at most so long. */
const MAX_OPEN_MS = 8 * 86_400_000;
/** What needs no operator any more when the images of the night are there after all. */
const ENDED_BY_OWN_NIGHT: readonly AlarmRecord['code'][] = ['did_not_start', 'missed', 'ended_with_failures'];

/**
 * The alarms of a catalogue that nothing has ended, in ascending order of their dates. The images of a night are there when
 * its run is completed, or a later run is: a retry, or one that a person started. This ends the alarms of all nights before,
 * and of the night itself all but those about its times.
 */
export async function listOpenAlarms(
  id: ScheduleId,
  stores: NightStores,
  now: number,
  signal: AbortSignal,
): Promise<OpenAlarm[]> {
  const { tenant, catalogue } = id;
  const alarms = await stores.schedules.listAlarms(id, formatLocalDate(now - MAX_OPEN_MS, 'UTC'), { signal });
  if (alarms.length === 0) return [];
  const good = await findLastGoodNight(id, alarms, stores, signal);
  return alarms
    .filter(
      ({ date, code }) =>
        good === undefined || date > good || (date === good && !ENDED_BY_OWN_NIGHT.includes(code)),
    )
    .map((alarm) => ({ ...alarm, tenant, catalogue }));
}

/** The last date, of those with an alarm and of those after them, whose images are there. */
async function findLastGoodNight(
  id: ScheduleId,
  alarms: readonly AlarmRecord[],
  stores: NightStores,
  signal: AbortSignal,
): Promise<string | undefined> {
  const dates = alarms.map(({ date }) => date);
  const later = await stores.schedules.listNightDates(id, dates[0] ?? '', { signal });
  const repairedAt = await findRepair(id, stores, signal);
  for (const date of [...new Set([...dates, ...later])].toSorted().toReversed())
    if (await isGood(id, date, repairedAt, stores, signal)) return date;
  return undefined;
}

/** When the last good run was requested, if every item has its image in it. */
async function findRepair({ tenant, catalogue }: ScheduleId, { runs }: NightStores, signal: AbortSignal) {
  const latest = await runs.readLatest(tenant, catalogue, { signal });
  if (!latest) return undefined;
  const summary = await runs.readSummary({ tenant, catalogue, run: latest.run }, { signal });
  return summary?.status === 'completed' ? Date.parse(latest.requested_at) : undefined;
}

async function isGood(
  id: ScheduleId,
  date: string,
  repairedAt: number | undefined,
  { schedules, runs }: NightStores,
  signal: AbortSignal,
): Promise<boolean> {
  const isRepaired = (since: number) => repairedAt !== undefined && repairedAt > since;
  const record = await schedules.readNight(id, date, { signal });
  if (!record) return false;
  if (record.outcome === 'missed') return isRepaired(record.at);
  const { tenant, catalogue } = id;
  const summary = await runs.readSummary({ tenant, catalogue, run: record.run }, { signal });
  return (
    summary !== undefined && (summary.status === 'completed' || isRepaired(Date.parse(summary.requested_at)))
  );
}
