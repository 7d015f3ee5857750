import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAborted } from '../../http/index.ts';
import type { ItemResult } from '../../intake/index.ts';
import type { BulkProgress } from './summary.ts';

/**
 * Answers a bulk call in one JSON document: 202, or 207 when something was not accepted.
 *
 * @throws what ended the call before anything was done; what is away when nothing got in.
 */
export async function sendJsonResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  results: AsyncIterable<ItemResult[]>,
  tally: BulkProgress,
) {
  const items: string[] = [];
  let error: unknown;
  try {
    for await (const batch of results) for (const result of batch) items.push(tally.formatItem(result));
  } catch (failure) {
    if (items.length === 0) throw failure;
    if (clientAborted(request)) {
      tally.log('the caller of a bulk went away; what was read still gets in');
      throw failure;
    }
    error = failure;
  }
  const summary = tally.summary(error);
  const away = tally.unavailable();
  if (away && summary.accepted + summary.duplicates === 0) throw away;
  tally.log('accepted in bulk');
  if (away?.retryAfter !== undefined) reply.header('retry-after', String(away.retryAfter));
  const head = JSON.stringify(summary).slice(0, -1);
  return await reply
    .code(summary.rejected === 0 && error === undefined ? 202 : 207)
    .type('application/json; charset=utf-8')
    .send(`${head},"items":[${items.join(',')}]}`);
}
