import { randomUUID } from 'node:crypto';
import { type ObjectStore, StoreError } from './object-store.ts';

const CALLERS = 8;

/**
 * Proves that the store honours put-if-absent: of several callers that create the same object at once, exactly one
 * succeeds. Without that, two workers could buy the same render (I2), so Darkroom does not start.
 *
 * @throws {StoreError} `internal` when more than one caller succeeds; the store's own errors are passed on
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
    const stored = new TextDecoder().decode(await store.get(key, options));
    const winners = answers.filter(Boolean).length;
    if (winners !== 1 || lateAnswer || stored !== `caller-${answers.indexOf(true)}`)
      throw createProbeError(
        store,
        `${winners + Number(lateAnswer)} of ${CALLERS + 1} writers got the answer that they had created it`,
      );
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'internal') throw error;
    if (error.message.includes(ADVICE)) throw error;
    throw createProbeError(store, error.message, error);
  } finally {
    await store.delete(key).catch(() => {}); // A leftover of a few bytes does no harm.
  }
}

const ADVICE = 'AWS S3, Cloudflare R2, Ceph RGW, MinIO, RustFS and SeaweedFS honour it, and so does a folder';

function createProbeError(store: ObjectStore, observation: string, cause?: unknown): StoreError {
  const text = `${store.url} does not honour put-if-absent (If-None-Match: *), so a render could be bought twice: ${observation}. ${ADVICE}.`;
  return new StoreError('internal', text, { cause });
}
