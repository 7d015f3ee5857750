import type { ObjectStore } from '@darkroom/shared/object-store';
import {
  collectKeys,
  formatRecord,
  JSON_TYPE,
  type StoreOptions as Options,
  readRecord,
  toSignal,
} from '@darkroom/shared/stored-records';
import {
  type AlarmRecord,
  type AlarmWebhook,
  alarmRecordSchema,
  alarmWebhookSchema,
  type NightRecord,
  nightRecordSchema,
  type PingKind,
  type Schedule,
  type ScheduleId,
  scheduleSchema,
} from './records.ts';
import {
  alarmKey,
  alarmsPrefix,
  alarmWebhookKey,
  nightKey,
  nightsPrefix,
  pingKey,
  scheduleKey,
} from './schedule-keys.ts';

/** Schedules, nights and alarms in the object store. Every method throws {@link StoreError}. */
export class ScheduleStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  readSchedule(id: ScheduleId, options?: Options): Promise<Schedule | undefined> {
    return readRecord(
      this.#store,
      scheduleKey(id),
      { kind: 'catalogue-schedule', schema: scheduleSchema },
      options,
    );
  }

  async writeSchedule(schedule: Schedule, options?: Options): Promise<void> {
    await this.#store.put(scheduleKey(schedule), formatRecord(schedule), toPut(options));
  }

  async removeSchedule(id: ScheduleId, options?: Options): Promise<void> {
    await this.#store.delete(scheduleKey(id), toSignal(options));
  }

  /** The catalogues of all tenants. Those without a schedule are among them. */
  async listCatalogues(options?: Options): Promise<ScheduleId[]> {
    const signal = toSignal(options);
    const ids: ScheduleId[] = [];
    for (const tenant of await this.#store.listFolders({ prefix: 'catalogues/', ...signal }))
      for (const catalogue of await this.#store.listFolders({ prefix: `catalogues/${tenant}/`, ...signal }))
        ids.push({ tenant, catalogue });
    return ids;
  }

  /** Records what became of a night. @returns false when it has a record */
  writeNight(id: ScheduleId, date: string, record: NightRecord, options?: Options): Promise<boolean> {
    return this.#store.putIfAbsent(nightKey(id, date), formatRecord(record), toPut(options));
  }

  readNight(id: ScheduleId, date: string, options?: Options): Promise<NightRecord | undefined> {
    return readRecord(
      this.#store,
      nightKey(id, date),
      { kind: 'catalogue-night', schema: nightRecordSchema },
      options,
    );
  }

  /** The dates after a date that have a record, in ascending order. */
  async listNightDates(id: ScheduleId, after: string, options?: Options): Promise<string[]> {
    const keys = await collectKeys(
      this.#store,
      { prefix: nightsPrefix(id), after: nightKey(id, after) },
      options,
    );
    return keys.map((key) => key.slice(nightsPrefix(id).length, -'.json'.length));
  }

  /** Raises an alarm. @returns false when it was raised already, by this process or another one */
  raiseAlarm(id: ScheduleId, alarm: AlarmRecord, options?: Options): Promise<boolean> {
    return this.#store.putIfAbsent(alarmKey(id, alarm.date, alarm.code), formatRecord(alarm), toPut(options));
  }

  /** The alarms of dates after a date, in ascending order of their dates. */
  async listAlarms(id: ScheduleId, after: string, options?: Options): Promise<AlarmRecord[]> {
    // After all codes of the date.
    const keys = await collectKeys(
      this.#store,
      { prefix: alarmsPrefix(id), after: `${alarmsPrefix(id)}${after}.z` },
      options,
    );
    const read = (key: string) =>
      readRecord(this.#store, key, { kind: 'catalogue-alarm', schema: alarmRecordSchema }, options);
    return (await Promise.all(keys.map(read))).filter((alarm) => alarm !== undefined);
  }

  readAlarmWebhook(
    id: ScheduleId,
    { date, code }: Pick<AlarmRecord, 'date' | 'code'>,
    options?: Options,
  ): Promise<AlarmWebhook | undefined> {
    return readRecord(
      this.#store,
      alarmWebhookKey(id, date, code),
      { kind: 'catalogue-alarm-webhook', schema: alarmWebhookSchema },
      options,
    );
  }

  /** A delivery replaces a dead letter of another producer. */
  async writeAlarmWebhook(
    id: ScheduleId,
    { date, code }: Pick<AlarmRecord, 'date' | 'code'>,
    webhook: AlarmWebhook,
    options?: Options,
  ): Promise<void> {
    const key = alarmWebhookKey(id, date, code);
    const body = formatRecord(webhook);
    if (webhook.outcome === 'delivered') await this.#store.put(key, body, toPut(options));
    else await this.#store.putIfAbsent(key, body, toPut(options));
  }

  async hasPinged(id: ScheduleId, date: string, kind: PingKind, options?: Options): Promise<boolean> {
    return (await this.#store.head(pingKey(id, date, kind), toSignal(options))) !== undefined;
  }

  async markPinged(id: ScheduleId, date: string, kind: PingKind, options?: Options): Promise<void> {
    await this.#store.put(pingKey(id, date, kind), '', {
      contentType: 'text/plain',
      ...toSignal(options),
    });
  }
}

const toPut = (options?: Options) => ({ contentType: JSON_TYPE, ...toSignal(options) });
