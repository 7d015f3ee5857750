import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientAborted } from '../../http/index.ts';
import type { ItemResult } from '../../intake/index.ts';
import type { BulkSummaryBuilder } from './summary.ts';

/**
 * Answers a bulk call with one JSON document: 202, or 207 when at least one item was not accepted.
 *
 * @throws the error that ended the call before any item was processed; the outage when no item was accepted.
 */
export async function sendJsonResponse(
  request: FastifyRequest,
  reply: FastifyReply,
  results: AsyncIterable<ItemResult[]>,
  bulk: BulkSummaryBuilder,
) {
  const items: string[] = [];
  let error: unknown;
  try {
    for await (const batch of results) for (const result of batch) items.push(bulk.formatItem(result));
  } catch (failure) {
    if (items.length === 0) throw failure;
    if (clientAborted(request)) {
      bulk.log('bulk call: the caller disconnected; items that were read are still accepted');
      throw failure;
    }
    error = failure;
  }
  const summary = bulk.toSummary(error);
  const unavailable = bulk.unavailable();
  if (unavailable && summary.accepted + summary.duplicates === 0) throw unavailable;
  bulk.log('bulk call: accepted');
  if (unavailable?.retryAfter !== undefined) reply.header('retry-after', String(unavailable.retryAfter));
  const head = JSON.stringify(summary).slice(0, -1);
  return await reply
    .code(summary.rejected === 0 && error === undefined ? 202 : 207)
    .type('application/json; charset=utf-8')
    .send(`${head},"items":[${items.join(',')}]}`);
}
