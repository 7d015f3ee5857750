import type { OverridableName } from '@darkroom/api';
import type { z } from 'zod';
import type { ObjectStore } from '../object-store/index.ts';
import {
  DATA_VERSION,
  decodeField,
  encodeField,
  type PersistedKind,
  upgradePersisted,
} from '../render/index.ts';
import { type Drain, drainSchema, type LimitOverride, limitOverrideSchema } from './limit-records.ts';
import {
  type ControlState,
  type Pass,
  type PauseScope,
  passSchema,
  pauseRecordSchema,
  type RunStop,
  type SubmissionPause,
} from './pause-records.ts';

/** All objects of this folder have keys below it. */
export const CONTROL_PREFIX = 'control/';
const PAUSES = `${CONTROL_PREFIX}pauses/`;
const PASSES = `${CONTROL_PREFIX}passes/`;
const LIMITS = `${CONTROL_PREFIX}limits/`;
const ENDED_LIMITS = `${CONTROL_PREFIX}ended-limits/`;
const DRAINS = `${CONTROL_PREFIX}drains/`;
const RUN_STOPS = `${CONTROL_PREFIX}run-stops/`;

const pauseKey = (name: string) => `${PAUSES}${name}.json`;
const passKey = (renderId: string) => `${PASSES}${renderId}.json`;
const limitPrefix = (name: string) => `${LIMITS}${name}/`;
/** Every override has a key of its own, so that the end of one never removes the next. */
const limitKey = ({ name, since }: Pick<LimitOverride, 'name' | 'since'>) =>
  `${limitPrefix(name)}${since}.json`;
const endedLimitKey = (name: string) => `${ENDED_LIMITS}${name}.json`;
const runStopPrefix = ({ tenant, run }: Pick<RunStop, 'tenant' | 'run'>) =>
  `${RUN_STOPS}${tenant}/${encodeField(run)}.`;
const drainKey = (worker: string) => `${DRAINS}${worker}.json`;

/** The name of the pause of a whole queue. */
export const queuePauseName = (queue: NonNullable<PauseScope['queue']>) => `queue-${queue}`;

interface Options {
  signal?: AbortSignal | undefined;
}

/** Pauses, passes, overrides of limits and drains in the object store. Every method throws {@link StoreError}. */
export class ControlStore {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @returns false when a pause with this name exists */
  addPause(pause: SubmissionPause, { signal }: Options = {}): Promise<boolean> {
    return this.#store.putIfAbsent(pauseKey(pause.name), JSON.stringify(pause), toPutOptions(signal));
  }

  /** Writes the copy of a queue's pause. Pausing again replaces it. */
  async putQueuePause(
    pause: Omit<SubmissionPause, 'version' | 'name' | 'scope'>,
    queue: NonNullable<PauseScope['queue']>,
    { signal }: Options = {},
  ): Promise<void> {
    const name = queuePauseName(queue);
    const record: SubmissionPause = { ...pause, version: DATA_VERSION, name, scope: { queue } };
    await this.#store.put(pauseKey(name), JSON.stringify(record), toPutOptions(signal));
  }

  readPause(name: string, options?: Options): Promise<SubmissionPause | undefined> {
    return this.#read('pause', pauseKey(name), pauseRecordSchema, options);
  }

  async removePause(name: string, { signal }: Options = {}): Promise<void> {
    await this.#store.delete(pauseKey(name), signal ? { signal } : {});
  }

  /** Lets a render through. A second pass of the same render replaces the first. */
  async putPass(pass: Omit<Pass, 'version'>, { signal }: Options = {}): Promise<void> {
    const record: Pass = { ...pass, version: DATA_VERSION };
    await this.#store.put(passKey(pass.renderId), JSON.stringify(record), toPutOptions(signal));
  }

  readPass(renderId: string, options?: Options): Promise<Pass | undefined> {
    return this.#read('pass', passKey(renderId), passSchema, options);
  }

  async removePass(renderId: string, { signal }: Options = {}): Promise<void> {
    await this.#store.delete(passKey(renderId), signal ? { signal } : {});
  }

  /**
   * Sets the override of a limit. It replaces the one before.
   *
   * @returns the override as it was written: `since` is later than that of all others
   */
  async setOverride(
    override: Omit<LimitOverride, 'version'>,
    { signal }: Options = {},
  ): Promise<LimitOverride> {
    const { name } = override;
    const before = await this.#listKeys(limitPrefix(name), signal);
    const known = before.map((key) => Number(key.slice(limitPrefix(name).length).replace(/\.json$/, '')));
    const since = Math.max(override.since, ...known.map((at) => at + 1));
    const record: LimitOverride = { ...override, version: DATA_VERSION, since };
    await this.#store.put(limitKey(record), JSON.stringify(record), toPutOptions(signal));
    await this.#deleteAll([...before, endedLimitKey(name)], signal);
    return record;
  }

  /** Ends all overrides of a limit, and forgets the one that ended by itself. */
  async removeOverrides(name: OverridableName, { signal }: Options = {}): Promise<void> {
    const keys = await this.#listKeys(limitPrefix(name), signal);
    await this.#deleteAll([...keys, endedLimitKey(name)], signal);
  }

  /** Moves an override that ended by itself out of the way. It is still shown. */
  async retireOverride(override: LimitOverride, { signal }: Options = {}): Promise<void> {
    await this.#store.put(endedLimitKey(override.name), JSON.stringify(override), toPutOptions(signal));
    await this.#deleteAll([limitKey(override)], signal);
  }

  async putDrain(drain: Omit<Drain, 'version'>, { signal }: Options = {}): Promise<void> {
    const record: Drain = { ...drain, version: DATA_VERSION };
    await this.#store.put(drainKey(drain.worker), JSON.stringify(record), toPutOptions(signal));
  }

  async removeDrain(worker: string, { signal }: Options = {}): Promise<void> {
    await this.#deleteAll([drainKey(worker)], signal);
  }

  /** Writes from when on a run buys nothing more: an empty object whose key has all of it. */
  async putRunStop(stop: RunStop, { signal }: Options = {}): Promise<void> {
    const key = `${runStopPrefix(stop)}${stop.at.toString(36)}.${stop.cause}`;
    await this.#store.put(key, '', { contentType: 'text/plain', ...(signal ? { signal } : {}) });
  }

  async removeRunStops(run: Pick<RunStop, 'tenant' | 'run'>, { signal }: Options = {}): Promise<void> {
    await this.#deleteAll(await this.#listKeys(runStopPrefix(run), signal), signal);
  }

  /** Everything that stands now. */
  async readState({ signal }: Options = {}): Promise<ControlState> {
    const keys = await this.#listKeys(CONTROL_PREFIX, signal);
    const readAll = async <S extends z.ZodObject>(kind: PersistedKind, prefix: string, schema: S) => {
      const wanted = keys.filter((key) => key.startsWith(prefix));
      const records = await Promise.all(wanted.map((key) => this.#read(kind, key, schema, { signal })));
      return records.filter((record) => record !== undefined);
    };
    const [pauses, limits, endedLimits, drains] = await Promise.all([
      readAll('pause', PAUSES, pauseRecordSchema),
      readAll('limit-override', LIMITS, limitOverrideSchema),
      readAll('limit-override', ENDED_LIMITS, limitOverrideSchema),
      readAll('drain', DRAINS, drainSchema),
    ]);
    const passes = keys
      .filter((key) => key.startsWith(PASSES))
      .map((key) => key.slice(PASSES.length).replace(/\.json$/, ''));
    const runStops = keys.flatMap((key) => readRunStop(key) ?? []);
    return { pauses, passes: new Set(passes), limits, endedLimits, drains, runStops };
  }

  async #listKeys(prefix: string, signal: AbortSignal | undefined): Promise<string[]> {
    const keys: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#store.list({
        prefix,
        ...(cursor === undefined ? {} : { cursor }),
        ...(signal ? { signal } : {}),
      });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.cursor;
      if (cursor === undefined) return keys;
    }
  }

  async #deleteAll(keys: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await Promise.all(keys.map((key) => this.#store.delete(key, signal ? { signal } : {})));
  }

  async #read<S extends z.ZodObject>(
    kind: PersistedKind,
    key: string,
    schema: S,
    { signal }: Options = {},
  ): Promise<z.output<S> | undefined> {
    const bytes = await this.#store.get(key, signal ? { signal } : {});
    if (!bytes) return undefined;
    return schema.parse(upgradePersisted(kind, JSON.parse(Buffer.from(bytes).toString('utf8'))));
  }
}

function readRunStop(key: string): RunStop | undefined {
  const found = /^control\/run-stops\/([^/]+)\/([^/.]+)\.([0-9a-z]+)\.(deadline|canceled)$/.exec(key);
  if (!found) return undefined;
  const [, tenant = '', run = '', at = '', cause] = found;
  const isDeadline = cause === 'deadline';
  return {
    tenant,
    run: decodeField(run),
    at: Number.parseInt(at, 36),
    cause: isDeadline ? 'deadline' : 'canceled',
  };
}

const toPutOptions = (signal: AbortSignal | undefined) => ({
  contentType: 'application/json',
  ...(signal ? { signal } : {}),
});
