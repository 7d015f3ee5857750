import type { FastifyRequest } from 'fastify';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { ProblemError } from '../problems/index.ts';

const MINUTE_S = 60;

/** Counts a wrong key. @throws {ProblemError} `too_many_wrong_keys` */
export type CountWrongKey = (request: Pick<FastifyRequest, 'ip'>) => Promise<void>;

/**
 * Limits how many wrong keys an address can try at this producer. It is called only for wrong keys: callers behind the
 * same proxy share an address, and a right key must work all the time.
 */
export function createWrongKeyLimit(perMinute: number): CountWrongKey {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: MINUTE_S });
  return async ({ ip }) => {
    try {
      await limiter.consume(toNetwork(ip));
    } catch (rejected) {
      const { msBeforeNext } = rejected as RateLimiterRes;
      throw new ProblemError('too_many_wrong_keys', 'Too many wrong keys were sent from this address.', {
        retryAfter: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
      });
    }
  };
}

/** One machine can use every address of its IPv6 network. */
const toNetwork = (ip: string) => (ip.includes(':') ? ip.split(':').slice(0, 4).join(':') : ip);
