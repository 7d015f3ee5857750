import { randomUUID } from 'node:crypto';
import { type ObjectStore, StoreError } from './object-store.ts';

const CALLERS = 8;

/**
 * Proves that of several callers who create the same object at once exactly one is told so. On a store that
 * does not hold to it two workers would buy the same render (I2): Darkroom does not start there.
 *
 * @throws {StoreError} `internal` when the store lets more than one win; `unavailable` and `denied` as they come
 */
export async function assertPutIfAbsent(
  store: ObjectStore,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const key = `probe/${randomUUID()}`;
  const put = (body: string) => store.putIfAbsent(key, body, { contentType: 'text/plain', ...options });
  try {
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, (_, caller) => put(`caller-${caller}`)),
    );
    const lateAnswer = await put('late');
    const kept = new TextDecoder().decode(await store.get(key, options));
    const winners = answers.filter(Boolean).length;
    if (winners !== 1 || lateAnswer || kept !== `caller-${answers.indexOf(true)}`)
      throw createProbeError(
        store,
        `${winners + Number(lateAnswer)} of ${CALLERS + 1} writers were told that they created it`,
      );
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'internal') throw error;
    if (error.message.includes(ADVICE)) throw error;
    throw createProbeError(store, error.message, error);
  } finally {
    await store.delete(key).catch(() => {}); // A leftover of some bytes; the outcome is known already.
  }
}

const ADVICE = 'AWS S3, Cloudflare R2, Ceph RGW, MinIO, RustFS and SeaweedFS honour it, and so does a folder';

function createProbeError(store: ObjectStore, seen: string, cause?: unknown): StoreError {
  const text = `${store.url} does not honour put-if-absent (If-None-Match: *), so a render could be bought twice: ${seen}. ${ADVICE}.`;
  return new StoreError('internal', text, { cause });
}
