import { Readable } from 'node:stream';
import type { BatchRecord } from '@darkroom/shared/batches';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BatchEndpointDeps } from './find.ts';
import { listBatchResults, type ResultsPart } from './list-results.ts';

/** How many bytes of results are buffered until the caller reads them. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** Streams the lines of the output file or of the error file. */
export async function sendResults(
  deps: BatchEndpointDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { batch, part }: { batch: BatchRecord; part: ResultsPart },
) {
  reply.type('application/x-ndjson; charset=utf-8').header('x-accel-buffering', 'no');
  if (request.method === 'HEAD') return await reply.send();
  const lines = listBatchResults(deps, request, batch, part);
  // Errors of the first line become a problem. After it the response has started.
  const first = await lines.next();
  const options = { objectMode: false, highWaterMark: MAX_BUFFERED_BYTES };
  return await reply.send(Readable.from(formatLines(first, lines), options));
}

async function* formatLines<T>(
  first: IteratorResult<T, void>,
  lines: AsyncGenerator<T, void, void>,
): AsyncGenerator<string, void, void> {
  try {
    for (let next = first; !next.done; next = await lines.next()) yield `${JSON.stringify(next.value)}\n`;
  } finally {
    await lines.return();
  }
}
