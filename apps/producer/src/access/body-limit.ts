import { type Readable, Transform } from 'node:stream';
import type { FastifyRequest, RequestPayload } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/**
 * A request's body that fails once it is larger than its key allows.
 *
 * @param bytes the key's own limit; without one the server's is all there is.
 */
export function limitBody(
  request: FastifyRequest,
  payload: RequestPayload,
  bytes: number | undefined,
): RequestPayload {
  if (bytes === undefined) return payload;
  if (Number(request.headers['content-length'] ?? 0) > bytes) throw bodyTooLarge(bytes);
  let seen = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      done(seen > bytes ? bodyTooLarge(bytes) : null, chunk);
    },
  });
  return (payload as Readable).pipe(counted);
}

const bodyTooLarge = (bytes: number) =>
  new ProblemError('body_too_large', `This key may send bodies of ${bytes} bytes.`, {
    problems: [{ field: 'body', expected: `at most ${bytes} bytes`, received: 'more' }],
  });
