import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAborted } from '../../http/index.ts';
import type { ItemResult } from '../../intake/index.ts';
import type { BulkSummaryBuilder } from './summary.ts';

/** How many bytes of the response are buffered until the caller reads them. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * Answers a bulk call line by line while the request is read: one item per line, the summary last. The status is 200,
 * because the outcome is not known yet. Input is read only as fast as the caller reads the response.
 *
 * @throws the error that ended the call before the first item.
 */
export async function sendNdjsonResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  results: AsyncGenerator<ItemResult[]>,
  bulk: BulkSummaryBuilder,
) {
  const first = await results.next();
  const lines = Readable.from(formatLines(request, first, results, bulk), {
    objectMode: false,
    highWaterMark: MAX_BUFFERED_BYTES,
  });
  // A proxy that buffers the response would delay it.
  reply.header('x-accel-buffering', 'no');
  return await reply.type('application/x-ndjson; charset=utf-8').send(lines);
}

async function* formatLines(
  request: FastifyRequest,
  first: IteratorResult<ItemResult[], unknown>,
  results: AsyncGenerator<ItemResult[]>,
  bulk: BulkSummaryBuilder,
): AsyncGenerator<string> {
  let ended = false;
  try {
    for (let next = first; !next.done; next = await results.next()) {
      yield `${next.value.map(bulk.formatItem).join('\n')}\n`;
    }
    ended = true;
    yield `${JSON.stringify(bulk.toSummary())}\n`;
  } catch (error) {
    if (clientAborted(request)) return;
    ended = true;
    yield `${JSON.stringify(bulk.toSummary(error))}\n`;
  } finally {
    bulk.log(
      ended
        ? 'bulk call: accepted'
        : 'bulk call: the caller disconnected; items that were read are still accepted',
    );
    // The stream may be destroyed before its end: then this stops reading the request.
    await results.return(undefined);
  }
}
