import { cataloguePrefix } from '../manifest/index.ts';
import type { AlarmCode } from './judge-night.ts';
import type { PingKind, ScheduleId } from './records.ts';

export const scheduleKey = ({ tenant, catalogue }: ScheduleId) =>
  `${cataloguePrefix(tenant, catalogue)}schedule.json`;

export const nightsPrefix = ({ tenant, catalogue }: ScheduleId) =>
  `${cataloguePrefix(tenant, catalogue)}nights/`;
export const nightKey = (id: ScheduleId, date: string) => `${nightsPrefix(id)}${date}.json`;

export const alarmsPrefix = ({ tenant, catalogue }: ScheduleId) =>
  `${cataloguePrefix(tenant, catalogue)}alarms/`;
export const alarmKey = (id: ScheduleId, date: string, code: AlarmCode) =>
  `${alarmsPrefix(id)}${date}.${code}.json`;

export const alarmWebhookKey = ({ tenant, catalogue }: ScheduleId, date: string, code: AlarmCode) =>
  `${cataloguePrefix(tenant, catalogue)}alarm-webhooks/${date}.${code}.json`;

/** An empty object: the ping was taken. */
export const pingKey = ({ tenant, catalogue }: ScheduleId, date: string, kind: PingKind) =>
  `${cataloguePrefix(tenant, catalogue)}pings/${date}.${kind}`;
