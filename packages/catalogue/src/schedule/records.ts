import { CATALOGUE_ALARMS } from '@darkroom/api';
import { DATA_VERSION } from '@darkroom/shared/render';
import { z } from 'zod';

const version = z.literal(DATA_VERSION);
/** Unix milliseconds. */
const time = z.number();
const milliseconds = z.number().nonnegative();

/** URLs that a dead man's switch watches. */
const pingSchema = z.strictObject({
  start: z.string().optional(),
  success: z.string().optional(),
  fail: z.string().optional(),
});
type PingUrls = z.infer<typeof pingSchema>;
export type PingKind = keyof PingUrls;

/** The schedule of a catalogue: `schedule.json`. What it has of the file was checked. */
export const scheduleSchema = z.object({
  version,
  tenant: z.string(),
  catalogue: z.string(),
  /** The text of the catalogue file. */
  file: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  catchUpMs: milliseconds,
  startGraceMs: milliseconds,
  /** A time of day. Null: it may end at any time. */
  finishBy: z.string().nullable(),
  minDurationMs: milliseconds.nullable(),
  ping: pingSchema,
  /** Who scheduled it. */
  actor: z.string(),
  /** Whether its runs may read buckets with the rights of the worker. */
  readsBuckets: z.boolean(),
  scheduledAt: time,
  /** Nights that are due after it run. A new file with the same times keeps it. */
  since: time,
});
export type Schedule = Omit<z.infer<typeof scheduleSchema>, 'version'>;

/** What became of a night: `nights/<date>.json`. Written once, before its run is requested. */
export const nightRecordSchema = z.discriminatedUnion('outcome', [
  z.object({ version, outcome: z.literal('started'), dueAt: time, at: time, run: z.string() }),
  z.object({ version, outcome: z.literal('missed'), dueAt: time, at: time, reason: z.string() }),
]);
type NightShape<O> = Omit<Extract<z.infer<typeof nightRecordSchema>, { outcome: O }>, 'version'>;
export type NightRecord = NightShape<'started'> | NightShape<'missed'>;

/** An alarm that was raised: `alarms/<date>.<code>.json`. Written once. */
export const alarmRecordSchema = z.object({
  version,
  code: z.enum(CATALOGUE_ALARMS),
  date: z.string(),
  run: z.string().nullable(),
  message: z.string(),
  at: time,
});
export type AlarmRecord = Omit<z.infer<typeof alarmRecordSchema>, 'version'>;

/** What became of the webhook about an alarm: `alarm-webhooks/<date>.<code>.json`. Written after its last try. */
export const alarmWebhookSchema = z.object({
  version,
  outcome: z.enum(['delivered', 'dead']),
  at: time,
  attempts: z.number().int(),
  /** Why it is dead, for people. */
  reason: z.string().nullable(),
});
export type AlarmWebhook = Omit<z.infer<typeof alarmWebhookSchema>, 'version'>;

/** Names the catalogue of a schedule. */
export interface ScheduleId {
  tenant: string;
  catalogue: string;
}
