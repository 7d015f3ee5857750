import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/** Counts a request that waits until its response is sent. @throws {ProblemError} `rate_limited`. */
export type LimitWaiting = (request: FastifyRequest, reply: FastifyReply) => void;

/** Requests that wait for minutes are few in an honest service, and each holds memory and a connection. */
const RETRY_AFTER_S = 5;

/** Limits how many requests of one key wait at the same time at this producer: event streams and long polls. */
export function createWaitingLimit(max: number): LimitWaiting {
  const waiting = new Map<string, number>();
  return ({ caller }, reply) => {
    const who = caller?.key?.sha256 ?? '';
    const count = waiting.get(who) ?? 0;
    if (count >= max) {
      throw new ProblemError(
        'rate_limited',
        `This key may have ${max} event streams and waiting requests open at the same time.`,
        { retryAfter: RETRY_AFTER_S },
      );
    }
    if (reply.raw.closed) return;
    waiting.set(who, count + 1);
    // Not when the response ends: a caller may disconnect before.
    reply.raw.once('close', () => {
      const left = (waiting.get(who) ?? 1) - 1;
      if (left > 0) waiting.set(who, left);
      else waiting.delete(who);
    });
  };
}
