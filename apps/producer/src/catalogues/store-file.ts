import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { FastifyRequest } from 'fastify';
import { streamBody } from '../http/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';

/** Bytes of one uploaded file: a source of a million rows. */
export const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/**
 * Streams the body of a request to the store, under its digest. A body with another digest is not stored.
 *
 * @returns its bytes @throws {ProblemError} `invalid_request`, `body_too_large`.
 */
export async function storeFile(
  store: ObjectStore,
  request: FastifyRequest,
  { key, sha256, signal }: { key: string; sha256: string; signal: AbortSignal },
): Promise<number> {
  const size = readLength(request);
  let problem: ProblemError | undefined;
  const body = async function* () {
    const digest = createHash('sha256');
    // The last bytes are held back: a store keeps an object as soon as it has all of them.
    let held: Buffer | undefined;
    for await (const chunk of streamBody(request)) {
      digest.update(chunk);
      if (held) yield held;
      held = chunk;
    }
    if (digest.digest('hex') !== sha256) {
      const expected = 'a body with this SHA-256';
      problem = invalidRequest([{ field: 'sha256', expected, received: 'a body with another one' }]);
      throw problem;
    }
    if (held) yield held;
  };
  try {
    await store.put(
      key,
      { stream: () => Readable.from(body(), { objectMode: false }), size },
      { contentType: 'application/octet-stream', metadata: { sha256 }, signal },
    );
  } catch (error) {
    throw problem ?? error;
  }
  return size;
}

function readLength({ headers }: FastifyRequest): number {
  const text = headers['content-length'] ?? '';
  if (!/^\d{1,12}$/.test(text))
    throw invalidRequest([
      { field: 'Content-Length', expected: 'the length of the file', received: text || 'nothing' },
    ]);
  const size = Number(text);
  if (size > MAX_FILE_BYTES)
    throw new ProblemError('body_too_large', `A file has at most ${MAX_FILE_BYTES} bytes, received ${size}.`);
  return size;
}
