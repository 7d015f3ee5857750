import type { ObjectBody, ObjectInfo, ObjectStore, PutOptions } from './object-store.ts';

const DAY_MS = 86_400_000;

/** Whether a lifecycle rule counts a day or more of the object's age. @param now Unix milliseconds */
export const isOld = ({ modifiedAt }: Pick<ObjectInfo, 'modifiedAt'>, now: number) =>
  now - modifiedAt >= DAY_MS;

/**
 * Writes an object whose key is the digest of its body, unless the store has it. An object that is a day old or older is
 * written again: lifecycle rules count its age from its last write, so they count from about its last use.
 */
export async function ensureObject(
  store: Pick<ObjectStore, 'head' | 'put'>,
  object: { key: string; body: ObjectBody },
  { now, ...options }: PutOptions & { now: number },
): Promise<void> {
  const found = await store.head(object.key, options.signal ? { signal: options.signal } : {});
  if (found && !isOld(found, now)) return;
  await store.put(object.key, object.body, options);
}

/**
 * Makes an object as young as {@link ensureObject} does, for a caller that has only its key.
 *
 * @returns whether the store has it
 */
export async function renewObject(
  store: Pick<ObjectStore, 'head' | 'get' | 'put'>,
  key: string,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<boolean> {
  const found = await store.head(key, { signal });
  if (!found) return false;
  if (!isOld(found, now)) return true;
  const body = await store.get(key, { signal });
  if (!body) return false;
  const { contentType = 'application/octet-stream', metadata } = found;
  await store.put(key, body, { contentType, metadata, signal });
  return true;
}
