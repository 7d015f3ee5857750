import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from '@darkroom/shared/render';
import type { z } from 'zod';
import {
  type AlarmRecord,
  alarmRecordSchema,
  type NightRecord,
  nightRecordSchema,
  type PingKind,
  type Schedule,
  type ScheduleId,
  scheduleSchema,
} from './records.ts';
import { alarmKey, alarmsPrefix, nightKey, nightsPrefix, pingKey, scheduleKey } from './schedule-keys.ts';

interface Options {
  signal?: AbortSignal | undefined;
}

const JSON_TYPE = 'application/json';

/** Schedules, nights and alarms in the object store. Every method throws {@link StoreError}. */
export class ScheduleStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  readSchedule(id: ScheduleId, options?: Options): Promise<Schedule | undefined> {
    return this.#read('catalogue-schedule', scheduleKey(id), scheduleSchema, options);
  }

  async writeSchedule(schedule: Schedule, options?: Options): Promise<void> {
    await this.#store.put(scheduleKey(schedule), toJson(schedule), toPut(options));
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
    return this.#store.putIfAbsent(nightKey(id, date), toJson(record), toPut(options));
  }

  readNight(id: ScheduleId, date: string, options?: Options): Promise<NightRecord | undefined> {
    return this.#read('catalogue-night', nightKey(id, date), nightRecordSchema, options);
  }

  /** The dates after a date that have a record, in ascending order. */
  async listNightDates(id: ScheduleId, after: string, options?: Options): Promise<string[]> {
    const keys = await this.#listKeys(nightsPrefix(id), nightKey(id, after), options);
    return keys.map((key) => key.slice(nightsPrefix(id).length, -'.json'.length));
  }

  /** Raises an alarm. @returns false when it was raised already, by this process or another one */
  raiseAlarm(id: ScheduleId, alarm: AlarmRecord, options?: Options): Promise<boolean> {
    return this.#store.putIfAbsent(alarmKey(id, alarm.date, alarm.code), toJson(alarm), toPut(options));
  }

  /** The alarms of dates after a date, in ascending order of their dates. */
  async listAlarms(id: ScheduleId, after: string, options?: Options): Promise<AlarmRecord[]> {
    // After all codes of the date.
    const keys = await this.#listKeys(alarmsPrefix(id), `${alarmsPrefix(id)}${after}.z`, options);
    const read = (key: string) => this.#read('catalogue-alarm', key, alarmRecordSchema, options);
    return (await Promise.all(keys.map(read))).filter((alarm) => alarm !== undefined);
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

  async #listKeys(prefix: string, after: string, options?: Options): Promise<string[]> {
    const keys: string[] = [];
    for (let cursor: string | undefined = after; cursor !== undefined; ) {
      const page = await this.#store.list({ prefix, cursor, ...toSignal(options) });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.cursor;
    }
    return keys;
  }

  async #read<S extends z.ZodType>(
    kind: PersistedKind,
    key: string,
    schema: S,
    options?: Options,
  ): Promise<z.output<S> | undefined> {
    const bytes = await this.#store.get(key, toSignal(options));
    if (!bytes) return undefined;
    return schema.parse(upgradePersisted(kind, JSON.parse(Buffer.from(bytes).toString('utf8'))));
  }
}

const toJson = (value: object) => JSON.stringify({ ...value, version: DATA_VERSION });
const toSignal = ({ signal }: Options = {}) => (signal ? { signal } : {});
const toPut = (options?: Options) => ({ contentType: JSON_TYPE, ...toSignal(options) });
