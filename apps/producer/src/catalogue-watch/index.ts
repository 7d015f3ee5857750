// The watch of scheduled catalogues. It needs only the store, so it raises alarms while all workers and the queue are away.
//
// night-watch.ts    the rounds: judges each night, raises each alarm once
// night-state.ts    what the store has of a night
// open-alarms.ts    the alarms that people still have to see
// alarm-webhooks.ts sends the webhook of each alarm, with retries for a day
// pinger.ts         pings an external dead man's switch
export { createAlarmWebhooks } from './alarm-webhooks.ts';
export type { NightStores } from './night-state.ts';
export { createNightWatch } from './night-watch.ts';
export { listOpenAlarms, type OpenAlarm } from './open-alarms.ts';
export { openPinger } from './pinger.ts';
