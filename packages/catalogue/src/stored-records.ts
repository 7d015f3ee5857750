import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from '@darkroom/shared/render';
import type { z } from 'zod';

export interface StoreOptions {
  signal?: AbortSignal | undefined;
}

export const JSON_TYPE = 'application/json';

export const toSignal = ({ signal }: StoreOptions = {}) => (signal ? { signal } : {});

/** A record as JSON, with its version. */
export const formatRecord = (value: object) => JSON.stringify({ ...value, version: DATA_VERSION });

/** Reads a record of any known version. @returns `undefined` when it does not exist @throws {StoreError} */
export async function readRecord<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  { kind, schema }: { kind: PersistedKind; schema: S },
  options?: StoreOptions,
): Promise<z.output<S> | undefined> {
  const bytes = await store.get(key, toSignal(options));
  if (!bytes) return undefined;
  return schema.parse(upgradePersisted(kind, JSON.parse(Buffer.from(bytes).toString('utf8'))));
}

/** All keys with a prefix, in ascending order. @param after lists only the keys after this one @throws {StoreError} */
export async function* listKeys(
  store: ObjectStore,
  { prefix, after }: { prefix: string; after?: string },
  options?: StoreOptions,
): AsyncGenerator<string> {
  for (let cursor = after; ; ) {
    const page = await store.list({ prefix, ...(cursor ? { cursor } : {}), ...toSignal(options) });
    for (const { key } of page.objects) yield key;
    cursor = page.cursor;
    if (cursor === undefined) return;
  }
}

/** The keys that {@link listKeys} lists. */
export async function collectKeys(...list: Parameters<typeof listKeys>): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of listKeys(...list)) keys.push(key);
  return keys;
}
