import type { Readable } from 'node:stream';
import { type ObjectBody, StoreError } from './object-store.ts';

/** The caller's own stream failed. The cause is the error of the stream, and the operation rejects with that. */
export class BodyStreamError extends Error {
  constructor(cause: unknown) {
    super('the body failed', { cause });
  }
}

export function measureBody(body: ObjectBody): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.byteLength : body.size;
}

/**
 * Passes a stream on, and fails as soon as the stream has more or fewer than `size` bytes. Without this check, an S3 server
 * waits for the rest of a short stream, and stores the beginning of a long one.
 */
export async function* enforceStreamSize(source: Readable, size: number): AsyncGenerator<Buffer> {
  let received = 0;
  const chunks = (source as AsyncIterable<Buffer | string>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw new BodyStreamError(error);
      });
      if (next.done) break;
      const bytes = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
      received += bytes.length;
      if (received > size) break;
      yield bytes;
    }
  } finally {
    source.destroy();
  }
  if (received !== size)
    throw new StoreError('internal', `a body of ${size} bytes was promised, the stream had ${received}`);
}

/**
 * Runs one operation of a store. Its errors become StoreErrors, except for two that the store did not cause: the reason of
 * an aborted signal, and the error of the caller's own stream.
 */
export async function runStoreOperation<T>(
  what: string,
  signal: AbortSignal | undefined,
  toStoreError: (error: unknown, what: string) => StoreError,
  run: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof BodyStreamError) throw error.cause;
    throw toStoreError(error, what);
  }
}
