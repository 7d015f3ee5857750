import type { z } from 'zod';
import type { ObjectStore } from '../object-store/index.ts';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from '../render/index.ts';
import {
  type ControlState,
  type Pass,
  type PauseScope,
  passSchema,
  pauseRecordSchema,
  type SubmissionPause,
} from './pause-records.ts';

/** All objects of this folder have keys below it. */
export const CONTROL_PREFIX = 'control/';
const PAUSES = `${CONTROL_PREFIX}pauses/`;
const PASSES = `${CONTROL_PREFIX}passes/`;

const pauseKey = (name: string) => `${PAUSES}${name}.json`;
const passKey = (renderId: string) => `${PASSES}${renderId}.json`;

/** The name of the pause of a whole queue. */
export const queuePauseName = (queue: NonNullable<PauseScope['queue']>) => `queue-${queue}`;

interface Options {
  signal?: AbortSignal | undefined;
}

/** Pauses and passes in the object store. Every method throws {@link StoreError}. */
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

  /** Everything that stands now. */
  async readState({ signal }: Options = {}): Promise<ControlState> {
    const keys: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#store.list({
        prefix: CONTROL_PREFIX,
        ...(cursor === undefined ? {} : { cursor }),
        ...(signal ? { signal } : {}),
      });
      keys.push(...page.objects.map(({ key }) => key));
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    const pauses = await Promise.all(
      keys
        .filter((key) => key.startsWith(PAUSES))
        .map((key) => this.#read('pause', key, pauseRecordSchema, { signal })),
    );
    const passes = keys
      .filter((key) => key.startsWith(PASSES))
      .map((key) => key.slice(PASSES.length).replace(/\.json$/, ''));
    return { pauses: pauses.filter((pause) => pause !== undefined), passes: new Set(passes) };
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

const toPutOptions = (signal: AbortSignal | undefined) => ({
  contentType: 'application/json',
  ...(signal ? { signal } : {}),
});
