import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How many bytes of lines are buffered until the caller reads them. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** Streams values as lines of JSON. HEAD reads none of them. */
export async function sendLines<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  values: AsyncGenerator<T, void, void>,
) {
  reply.type('application/x-ndjson; charset=utf-8').header('x-accel-buffering', 'no');
  if (request.method === 'HEAD') return await reply.send();
  // Errors of the first value become a problem. After it the response has started.
  const first = await values.next();
  const options = { objectMode: false, highWaterMark: MAX_BUFFERED_BYTES };
  return await reply.send(Readable.from(formatLines(first, values), options));
}

async function* formatLines<T>(
  first: IteratorResult<T, void>,
  values: AsyncGenerator<T, void, void>,
): AsyncGenerator<string, void, void> {
  try {
    for (let next = first; !next.done; next = await values.next()) yield `${JSON.stringify(next.value)}\n`;
  } finally {
    await values.return();
  }
}
