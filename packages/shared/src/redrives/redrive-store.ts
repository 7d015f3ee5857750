import type { z } from 'zod';
import type { ObjectStore } from '../object-store/index.ts';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from '../render/index.ts';
import {
  type PartMarks,
  type PlanItem,
  partMarksSchema,
  planPartSchema,
  planSchema,
  type RedriveControlRecord,
  type RedriveEnd,
  type RedrivePlan,
  type RedriveRecord,
  redriveControlSchema,
  redriveEndSchema,
  redriveRecordSchema,
} from './records.ts';

/** All objects of redrives have keys below it. */
export const REDRIVE_PREFIX = 'redrives/';

/** The prefix of the empty objects that list redrives, the latest first. */
const INDEX_PREFIX = `${REDRIVE_PREFIX}by-time/`;
const LAST_MS = 9_999_999_999_999;

const partName = (part: number) => String(part).padStart(5, '0');

/** A redrive as the list has it. */
export interface ListedRedrive {
  key: string;
  /** A tenant, or `*`. */
  scope: string;
  /** Its position in the list, for the next page. */
  cursor: string;
}

interface Options {
  signal?: AbortSignal | undefined;
}

/** The records of redrives in the object store. Every method throws {@link StoreError}. */
export class RedriveStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Writes the parts of a plan, and then the plan: a plan that exists is complete. */
  async writePlanPart(key: string, part: number, items: readonly PlanItem[], options?: Options) {
    await this.#put(`${key}/plan/${partName(part)}.json`, { items }, options);
  }

  async writePlan(plan: RedrivePlan, options?: Options) {
    await this.#put(`${plan.key}/plan.json`, plan, options);
  }

  readPlan(key: string, options?: Options): Promise<RedrivePlan | undefined> {
    return this.#read('redrive-plan', `${key}/plan.json`, planSchema, options);
  }

  async readPlanPart(key: string, part: number, options?: Options): Promise<PlanItem[]> {
    const found = await this.#read(
      'redrive-part',
      `${key}/plan/${partName(part)}.json`,
      planPartSchema,
      options,
    );
    if (!found) throw new Error(`part ${part} of the redrive plan ${key} is missing in the store`);
    return found.items;
  }

  /** Writes the request for a redrive. @returns false when its plan is executed already. */
  async writeRecord(record: RedriveRecord, options?: Options): Promise<boolean> {
    const { key, scope, createdAt } = record;
    const name = `${String(LAST_MS - createdAt).padStart(13, '0')}-${key}-${scope === '*' ? '=' : scope}`;
    // First: a redrive that no list names would be lost with the queue.
    await this.#store.put(`${INDEX_PREFIX}${name}`, '', { contentType: 'text/plain', ...toSignal(options) });
    return this.#store.putIfAbsent(
      `${REDRIVE_PREFIX}${key}/redrive.json`,
      JSON.stringify({ version: DATA_VERSION, ...record }),
      { contentType: 'application/json', ...toSignal(options) },
    );
  }

  readRecord(key: string, options?: Options): Promise<RedriveRecord | undefined> {
    return this.#read('redrive-record', `${key}/redrive.json`, redriveRecordSchema, options);
  }

  async writeControl(key: string, control: RedriveControlRecord, options?: Options) {
    await this.#put(`${key}/control.json`, control, options);
  }

  readControl(key: string, options?: Options): Promise<RedriveControlRecord | undefined> {
    return this.#read('redrive-control', `${key}/control.json`, redriveControlSchema, options);
  }

  async writeMarks(key: string, part: number, marks: PartMarks, options?: Options) {
    await this.#put(`${key}/marks/${partName(part)}.json`, marks, options);
  }

  async readMarks(key: string, part: number, options?: Options): Promise<PartMarks> {
    const found = await this.#read(
      'redrive-marks',
      `${key}/marks/${partName(part)}.json`,
      partMarksSchema,
      options,
    );
    return found ?? { marks: '', failures: {} };
  }

  async writeEnd(key: string, end: RedriveEnd, options?: Options) {
    await this.#put(`${key}/end.json`, end, options);
  }

  readEnd(key: string, options?: Options): Promise<RedriveEnd | undefined> {
    return this.#read('redrive-record', `${key}/end.json`, redriveEndSchema, options);
  }

  /** A page of redrives, the latest first. */
  async list({
    cursor,
    limit,
    signal,
  }: Options & { cursor?: string | undefined; limit: number }): Promise<ListedRedrive[]> {
    const page = await this.#store.list({
      prefix: INDEX_PREFIX,
      limit,
      ...(cursor === undefined ? {} : { cursor: `${INDEX_PREFIX}${cursor}` }),
      ...(signal ? { signal } : {}),
    });
    return page.objects.flatMap(({ key }) => {
      const name = key.slice(INDEX_PREFIX.length);
      const found = /^\d{13}-([0-9a-f]{32})-(.+)$/.exec(name);
      if (!found?.[1] || !found[2]) return [];
      return [{ key: found[1], scope: found[2] === '=' ? '*' : found[2], cursor: name }];
    });
  }

  async #read<S extends z.ZodObject>(
    kind: PersistedKind,
    name: string,
    schema: S,
    options?: Options,
  ): Promise<z.output<S> | undefined> {
    const bytes = await this.#store.get(`${REDRIVE_PREFIX}${name}`, toSignal(options));
    if (!bytes) return undefined;
    return schema.parse(upgradePersisted(kind, JSON.parse(Buffer.from(bytes).toString('utf8'))));
  }

  async #put(name: string, value: object, options?: Options): Promise<void> {
    await this.#store.put(`${REDRIVE_PREFIX}${name}`, JSON.stringify({ ...value, version: DATA_VERSION }), {
      contentType: 'application/json',
      ...toSignal(options),
    });
  }
}

const toSignal = ({ signal }: Options = {}) => (signal ? { signal } : {});
