import { type CatalogueConfig, parseDuration } from '../file/index.ts';
import type { Schedule } from './records.ts';

/** Who schedules a catalogue, and when. */
interface Scheduling {
  /** The tenant of the caller. A file need not name it. */
  tenant: string;
  actor: string;
  readsBuckets: boolean;
  /** The schedule that it replaces. */
  present: Schedule | undefined;
  /** Unix milliseconds. */
  now: number;
}

/**
 * The schedule of a catalogue file. A file with the times of the present schedule keeps its nights: one that is due, and that
 * no worker has begun yet, still runs.
 */
export function createSchedule(
  config: CatalogueConfig & { schedule: NonNullable<CatalogueConfig['schedule']> },
  file: string,
  { tenant, actor, readsBuckets, present, now }: Scheduling,
): Schedule {
  const { cron, time_zone: timeZone, finish_by, min_duration, ping } = config.schedule;
  const isSame = present?.cron === cron && present.timeZone === timeZone;
  return {
    tenant,
    catalogue: config.name,
    file,
    cron,
    timeZone,
    catchUpMs: toMs(config.schedule.catch_up),
    startGraceMs: toMs(config.schedule.start_grace),
    finishBy: finish_by ?? config.deadline ?? null,
    minDurationMs: min_duration === undefined ? null : toMs(min_duration),
    ping,
    actor,
    readsBuckets,
    scheduledAt: now,
    since: isSame ? present.since : now,
  };
}

/** The schema of the file has checked it. */
const toMs = (text: string): number => parseDuration(text) ?? 0;
