import type { z } from 'zod';
import type { RunClosing, RunRef } from '../engine/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import {
  DATA_VERSION,
  decodeField,
  encodeField,
  type PersistedKind,
  runPrefix,
  upgradePersisted,
} from '../render/index.ts';
import {
  type RunClosingRecord,
  type RunDefinition,
  type RunEnd,
  type RunRecord,
  runClosingSchema,
  runDefinitionSchema,
  runEndSchema,
} from './records.ts';

const definitionKey = ({ tenant, id }: RunRef) => `${runPrefix(tenant, id)}run.json`;
const closingKey = ({ tenant, id }: RunRef, closing: RunClosing) => `${runPrefix(tenant, id)}${closing}.json`;
/** Before the keys of the renders' ends, so that one page of a list has all ends of a run. */
const endsPrefix = ({ tenant, id }: RunRef) => `${runPrefix(tenant, id)}end.`;
const endKey = (run: RunRef, end: number) => `${endsPrefix(run)}${String(end).padStart(6, '0')}.json`;

/** Empty objects that list runs, the latest first: all of them, and those of a tenant. */
const LIST_PREFIX = 'runs-by-time/';
const listPrefix = (tenant: string | undefined) =>
  tenant === undefined ? `${LIST_PREFIX}all/` : `${LIST_PREFIX}of/${tenant}/`;
/** Empty objects that list runs which have not ended. */
const OPEN_PREFIX = 'open-runs/';
const openPrefix = ({ tenant, id }: RunRef) => `${OPEN_PREFIX}${tenant}/${encodeField(id)}.`;
const openKey = (run: RunRef, end: number) => `${openPrefix(run)}${end}`;

const LAST_MS = 9_999_999_999_999;

interface Options {
  signal?: AbortSignal | undefined;
}

/** A run as the list has it. */
export interface ListedRun extends RunRef {
  /** Its position in the list, for the next page. */
  cursor: string;
}

/** A run that has not ended, and the number that its next end has. */
export interface OpenRun extends RunRef {
  opening: number;
}

/** The records of runs in the object store. Every method throws {@link StoreError}. */
export class RunStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @returns false when a run of this name exists */
  async writeDefinition(run: RunDefinition, options?: Options): Promise<boolean> {
    return await this.#putIfAbsent(definitionKey(run), run, options);
  }

  readDefinition(run: RunRef, options?: Options): Promise<RunDefinition | undefined> {
    return this.#read('run', definitionKey(run), runDefinitionSchema, options);
  }

  /** Lists a run, and lists it as open before its end number 1. Safe to repeat while it has not ended. */
  async writeIndex(run: RunDefinition, options?: Options): Promise<void> {
    const left = String(LAST_MS - run.createdAt).padStart(13, '0');
    const id = encodeField(run.id);
    await this.markOpen(run, 1, options);
    await this.#putEmpty(`${listPrefix(run.tenant)}${left}.${id}`, options);
    await this.#putEmpty(`${listPrefix(undefined)}${left}.${run.tenant}.${id}`, options);
  }

  /** @returns false when it was closed so before */
  writeClosing(
    run: RunRef,
    closing: RunClosing,
    record: RunClosingRecord,
    options?: Options,
  ): Promise<boolean> {
    return this.#putIfAbsent(closingKey(run, closing), record, options);
  }

  readClosing(run: RunRef, closing: RunClosing, options?: Options): Promise<RunClosingRecord | undefined> {
    return this.#read('run-closing', closingKey(run, closing), runClosingSchema, options);
  }

  /** @returns false when this end was written before */
  writeEnd(run: RunRef, end: RunEnd, options?: Options): Promise<boolean> {
    return this.#putIfAbsent(endKey(run, end.end), end, options);
  }

  readEnd(run: RunRef, end: number, options?: Options): Promise<RunEnd | undefined> {
    return this.#read('run-end', endKey(run, end), runEndSchema, options);
  }

  /** The number of the last end of the run. 0: it has not ended. */
  async findLastEnd(run: RunRef, { signal }: Options = {}): Promise<number> {
    const prefix = endsPrefix(run);
    const page = await this.#store.list({ prefix, ...(signal ? { signal } : {}) });
    const last = page.objects.at(-1)?.key.slice(prefix.length);
    return last === undefined ? 0 : Number.parseInt(last, 10);
  }

  /** The run is open before its end number `end`. */
  async markOpen(run: RunRef, end: number, options?: Options): Promise<void> {
    await this.#putEmpty(openKey(run, end), options);
  }

  async markEnded(run: RunRef, end: number, { signal }: Options = {}): Promise<void> {
    await this.#store.delete(openKey(run, end), signal ? { signal } : {});
  }

  async isOpen(run: RunRef, { signal }: Options = {}): Promise<boolean> {
    const page = await this.#store.list({ prefix: openPrefix(run), ...(signal ? { signal } : {}) });
    return page.objects.some(({ key }) => readOpenKey(key) !== undefined);
  }

  /** All runs that have not ended. */
  async *listOpen({ signal }: Options = {}): AsyncGenerator<OpenRun, void, void> {
    for (let cursor: string | undefined; ; ) {
      const page = await this.#store.list({
        prefix: OPEN_PREFIX,
        ...(cursor === undefined ? {} : { cursor }),
        ...(signal ? { signal } : {}),
      });
      for (const { key } of page.objects) {
        const run = readOpenKey(key);
        if (run) yield run;
      }
      cursor = page.cursor;
      if (cursor === undefined) return;
    }
  }

  /** A page of runs, the latest first. Without `tenant`, those of all tenants. */
  async list({
    tenant,
    cursor,
    limit,
    signal,
  }: Options & { tenant?: string | undefined; cursor?: string | undefined; limit: number }): Promise<
    ListedRun[]
  > {
    const prefix = listPrefix(tenant);
    const page = await this.#store.list({
      prefix,
      limit,
      ...(cursor === undefined ? {} : { cursor: `${prefix}${cursor}` }),
      ...(signal ? { signal } : {}),
    });
    return page.objects.flatMap(({ key }) => {
      const name = key.slice(prefix.length);
      const [, ...fields] = name.split('.');
      const [owner, id] = tenant === undefined ? fields : [tenant, ...fields];
      return owner === undefined || id === undefined
        ? []
        : [{ tenant: owner, id: decodeField(id), cursor: name }];
    });
  }

  /** @returns `undefined` when no run of this name was created */
  async readRun(run: RunRef, options?: Options): Promise<RunRecord | undefined> {
    const definition = await this.readDefinition(run, options);
    if (!definition) return undefined;
    const [sealed, canceled, last, isOpen] = await Promise.all([
      this.readClosing(run, 'sealed', options),
      this.readClosing(run, 'canceled', options),
      this.findLastEnd(run, options),
      this.isOpen(run, options),
    ]);
    const lastEnd = last > 0 ? await this.readEnd(run, last, options) : undefined;
    // A run that was created a moment ago may not be listed yet.
    return { definition, sealed, canceled, lastEnd, isOpen: isOpen || last === 0 };
  }

  async #read<S extends z.ZodObject>(
    kind: PersistedKind,
    key: string,
    schema: S,
    { signal }: Options = {},
  ): Promise<Omit<z.output<S>, 'version'> | undefined> {
    const bytes = await this.#store.get(key, signal ? { signal } : {});
    if (!bytes) return undefined;
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    const { version: _, ...record } = schema.parse(upgradePersisted(kind, value));
    return record;
  }

  #putIfAbsent(key: string, value: object, { signal }: Options = {}): Promise<boolean> {
    return this.#store.putIfAbsent(key, JSON.stringify({ version: DATA_VERSION, ...value }), {
      contentType: 'application/json',
      ...(signal ? { signal } : {}),
    });
  }

  async #putEmpty(key: string, { signal }: Options = {}): Promise<void> {
    await this.#store.put(key, '', { contentType: 'text/plain', ...(signal ? { signal } : {}) });
  }
}

function readOpenKey(key: string): OpenRun | undefined {
  const found = /^open-runs\/([^/]+)\/([^/.]+)\.(\d+)$/.exec(key);
  if (!found) return undefined;
  const [, tenant = '', id = '', opening] = found;
  return { tenant, id: decodeField(id), opening: Number(opening) };
}

/** A run that was created. @returns `undefined` when `run` of a render is a plain label. Throws {@link StoreError}. */
export const readRun = (store: ObjectStore, run: RunRef, options?: Options): Promise<RunRecord | undefined> =>
  new RunStore(store).readRun(run, options);
