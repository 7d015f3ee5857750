import { type Readable, Transform } from 'node:stream';
import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { FastifyRequest, RequestPayload } from 'fastify';
import { withDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { Caller } from './caller.ts';

/** The queue may be away. Requests that do not need it must not wait for the counter. */
const COUNTER_DEADLINE_MS = 250;

/** Counts the requests of each key, over all producers together. Requests without a key are not counted. */
export function createRateLimit({ settings, engine }: { settings: Settings; engine: Engine }) {
  return async ({ key }: Caller): Promise<void> => {
    if (!key) return;
    const perSecond = key.perSecond ?? settings.API_RATE_PER_SECOND;
    const count = engine.counters.take(`api-${key.sha256.slice(0, 16)}`, perSecond).catch(() => 0);
    const waitMs = await withDeadline(COUNTER_DEADLINE_MS, count, () => 0);
    if (waitMs === 0) return;
    throw new ProblemError('rate_limited', `This key may send ${perSecond} requests per second.`, {
      retryAfter: Math.ceil(waitMs / 1000),
    });
  };
}

/**
 * A request's body that fails when it is larger than its key allows.
 *
 * @param bytes the key's own limit. Without it only the server's limit applies.
 */
export function limitBody(
  request: FastifyRequest,
  payload: RequestPayload,
  bytes: number | undefined,
): RequestPayload {
  if (bytes === undefined) return payload;
  if (Number(request.headers['content-length'] ?? 0) > bytes) throw bodyTooLarge(bytes);
  let received = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      done(received > bytes ? bodyTooLarge(bytes) : null, chunk);
    },
  });
  return (payload as Readable).pipe(counted);
}

const bodyTooLarge = (bytes: number) =>
  new ProblemError('body_too_large', `This key may send bodies of at most ${bytes} bytes.`, {
    problems: [{ field: 'body', expected: `at most ${bytes} bytes`, received: 'more' }],
  });
