import type { FastifyReply, FastifyRequest } from 'fastify';
import { brokeOff } from '../../http/index.ts';
import type { ItemResult } from '../../intake/index.ts';
import type { Tally } from './summary.ts';

/**
 * Answers a bulk call in one JSON document: 202, or 207 when something was not accepted.
 *
 * @throws what ended the call before anything was done; what is away when nothing got in.
 */
export async function answerWhole(
  request: FastifyRequest,
  reply: FastifyReply,
  results: AsyncIterable<ItemResult[]>,
  tally: Tally,
) {
  const items: string[] = [];
  let error: unknown;
  try {
    for await (const batch of results) for (const result of batch) items.push(tally.tell(result));
  } catch (failure) {
    if (items.length === 0) throw failure;
    if (brokeOff(request)) {
      tally.log('the caller of a bulk went away; what was read still gets in');
      throw failure;
    }
    error = failure;
  }
  const summary = tally.summary(error);
  const away = tally.away();
  if (away && summary.accepted + summary.duplicates === 0) throw away;
  tally.log('accepted in bulk');
  if (away?.retryAfter !== undefined) reply.header('retry-after', String(away.retryAfter));
  const head = JSON.stringify(summary).slice(0, -1);
  return await reply
    .code(summary.rejected === 0 && error === undefined ? 202 : 207)
    .type('application/json; charset=utf-8')
    .send(`${head},"items":[${items.join(',')}]}`);
}
