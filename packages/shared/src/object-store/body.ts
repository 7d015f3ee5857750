import type { Readable } from 'node:stream';
import { type ObjectBody, StoreError } from './object-store.ts';

/** The stream that a caller handed over failed: its own error is the cause, and what the caller is to see. */
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
 * The stream, failing as soon as it is known not to have `size` bytes. Without this a short stream leaves an S3
 * server waiting, and a long one is cut off and stored.
 */
export async function* enforceStreamSize(source: Readable, size: number): AsyncGenerator<Buffer> {
  let seen = 0;
  const chunks = (source as AsyncIterable<Buffer | string>)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next().catch((error: unknown) => {
        throw new BodyStreamError(error);
      });
      if (next.done) break;
      const bytes = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
      seen += bytes.length;
      if (seen > size) break;
      yield bytes;
    }
  } finally {
    source.destroy();
  }
  if (seen !== size)
    throw new StoreError('internal', `a body of ${size} bytes was promised, the stream had ${seen}`);
}

/**
 * Runs one operation of a store. What it throws becomes a StoreError, but for two things that are not the
 * store's doing: the reason of the signal that ended it, and the error of the caller's own stream.
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
