import { randomBytes } from 'node:crypto';
import type { ObjectStore } from '../object-store/index.ts';

/**
 * A secret that all processes of a store share. The first of them creates it.
 *
 * @param key of the object. Throws {@link StoreError}.
 */
export async function readOrCreateSecret(
  store: ObjectStore,
  key: string,
  options: { signal?: AbortSignal } = {},
): Promise<string> {
  const readSecret = async () => {
    const bytes = await store.get(key, options);
    return bytes && Buffer.from(bytes).toString('utf8');
  };
  const existing = await readSecret();
  if (existing) return existing;
  const created = randomBytes(32).toString('base64url');
  await store.putIfAbsent(key, created, { contentType: 'text/plain', ...options });
  // Another process may have created it first.
  return (await readSecret()) ?? created;
}
