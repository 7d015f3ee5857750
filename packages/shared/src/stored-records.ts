import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { z } from 'zod';
import type { ObjectStore } from './object-store/index.ts';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from './render/index.ts';

const compress = promisify(zlib.zstdCompress);
const decompress = promisify(zlib.zstdDecompress);
/** Of the lines of one object in memory. */
const MAX_LINES_BYTES = 64 * 1024 * 1024;

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

/** Writes values as compressed lines of JSON. @throws {StoreError} */
export async function putLines(
  store: ObjectStore,
  key: string,
  values: readonly object[],
  options?: StoreOptions,
): Promise<void> {
  const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const body = await compress(Buffer.from(text));
  await store.put(key, body, { contentType: 'application/zstd', ...toSignal(options) });
}

/** Reads what {@link putLines} wrote. @returns `undefined` when it does not exist @throws {StoreError} */
export async function getLines(
  store: ObjectStore,
  key: string,
  options?: StoreOptions,
): Promise<unknown[] | undefined> {
  const body = await store.get(key, toSignal(options));
  if (!body) return undefined;
  const text = (await decompress(body, { maxOutputLength: MAX_LINES_BYTES })).toString('utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line));
}
