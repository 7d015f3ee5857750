import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, ObjectStore } from '@darkroom/shared';
import type { FastifyRequest } from 'fastify';
import { bounded, STORE_LIMIT } from '../backends/index.ts';
import type { Caller } from './caller.ts';

const SECRET_KEY = 'config/link-secret';

/** Links to our own addresses that work without a key until they expire: for stores that cannot sign. */
export interface SignedLinks {
  /** @param path of the address, from `/`; `until` Unix milliseconds. */
  sign(path: string, tenant: string, until: number): Promise<string>;
  /** Who made the link that a request came by; nobody when it came by none, or too late. */
  opens(request: FastifyRequest): Promise<Caller | undefined>;
}

/**
 * Links signed with a secret that every producer of a store shares: drawn once, by whoever comes first. Both methods
 * throw {@link StoreError} when the store is away before the secret was read.
 */
export function signedLinks(store: ObjectStore, clock: Clock): SignedLinks {
  let secret: string | undefined;
  const mac = async (path: string, tenant: string, until: string) => {
    secret ??= await secretOf(store);
    return createHmac('sha256', secret).update(`${path}\n${tenant}\n${until}`).digest('base64url');
  };
  return {
    sign: async (path, tenant, until) =>
      `${path}?tenant=${tenant}&until=${until}&signature=${await mac(path, tenant, String(until))}`,
    opens: async (request) => {
      const { tenant, until, signature } = request.query as Record<string, unknown>;
      if (typeof tenant !== 'string' || typeof until !== 'string' || typeof signature !== 'string') {
        return undefined;
      }
      if (!(Number(until) > clock.now())) return undefined;
      const path = request.url.slice(0, request.url.indexOf('?'));
      const expected = Buffer.from(await mac(path, tenant, until));
      const given = Buffer.from(signature);
      const same = expected.length === given.length && timingSafeEqual(expected, given);
      return same ? { tenant, roles: ['read'] } : undefined;
    },
  };
}

async function secretOf(store: ObjectStore): Promise<string> {
  const read = async () => {
    const bytes = await bounded(STORE_LIMIT.small, (signal) => store.get(SECRET_KEY, { signal }));
    return bytes && Buffer.from(bytes).toString('utf8');
  };
  const there = await read();
  if (there) return there;
  const fresh = randomBytes(32).toString('base64url');
  await bounded(STORE_LIMIT.small, (signal) =>
    store.putIfAbsent(SECRET_KEY, fresh, { contentType: 'text/plain', signal }),
  );
  // Another producer may have been first.
  return (await read()) ?? fresh;
}
