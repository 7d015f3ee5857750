import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAborted } from '../../http/index.ts';
import type { ItemResult } from '../../intake/index.ts';
import type { BulkProgress } from './summary.ts';

/** Bytes of an answer that wait for its reader. */
const WAITING_BYTES = 64 * 1024;

/**
 * Answers a bulk call line by line while it is read: an item a line, the summary last. It is 200, as nothing is known
 * yet. Nothing is read that nobody reads the answer of.
 *
 * @throws what ended the call before the first item.
 */
export async function sendNdjsonResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  results: AsyncGenerator<ItemResult[]>,
  tally: BulkProgress,
) {
  const first = await results.next();
  const lines = Readable.from(formatLines(request, first, results, tally), {
    objectMode: false,
    highWaterMark: WAITING_BYTES,
  });
  // A proxy that collects an answer would keep its caller waiting.
  reply.header('x-accel-buffering', 'no');
  return await reply.type('application/x-ndjson; charset=utf-8').send(lines);
}

async function* formatLines(
  request: FastifyRequest,
  first: IteratorResult<ItemResult[], unknown>,
  results: AsyncGenerator<ItemResult[]>,
  tally: BulkProgress,
): AsyncGenerator<string> {
  let ended = false;
  try {
    for (let next = first; !next.done; next = await results.next()) {
      yield `${next.value.map(tally.formatItem).join('\n')}\n`;
    }
    ended = true;
    yield `${JSON.stringify(tally.summary())}\n`;
  } catch (error) {
    if (clientAborted(request)) return;
    ended = true;
    yield `${JSON.stringify(tally.summary(error))}\n`;
  } finally {
    tally.log(ended ? 'accepted in bulk' : 'the caller of a bulk went away; what was read still gets in');
    // Also when nobody reads on.
    await results.return(undefined);
  }
}
