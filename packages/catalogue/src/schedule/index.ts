// When a catalogue runs by itself, and what is wrong with a night. All decisions are pure.
//
// decide-nights.ts   which nights begin now, and which were missed (main decision)
// judge-night.ts     the alarms of a night (main decision of the watch)
// records.ts         what the store has: schedule, nights, alarms
// schedule-keys.ts   …its keys
// schedule-store.ts  reads and writes the records
// create-schedule.ts the schedule of a catalogue file
export { createSchedule } from './create-schedule.ts';
export { decideNights, MAX_NIGHT_AGE_MS } from './decide-nights.ts';
export { type Alarm, type AlarmCode, judgeNight, type NightState } from './judge-night.ts';
export {
  type AlarmRecord,
  type NightRecord,
  type PingKind,
  type Schedule,
  type ScheduleId,
} from './records.ts';
export { ScheduleStore } from './schedule-store.ts';
