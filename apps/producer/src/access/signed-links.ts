import { openLinkSigner } from '@darkroom/shared/keys';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { Caller } from './caller.ts';

/** Links to this API that work without a key until they expire. For stores that cannot sign URLs. */
export interface SignedLinks {
  /** @param path from `/`, without a query; `until` Unix milliseconds. @returns path and query. */
  sign(path: string, tenant: string, until: number): Promise<string>;
  /** The caller that a request's signed link stands for. `undefined` for no link, or one that has expired. */
  verify(request: FastifyRequest): Promise<Caller | undefined>;
}

/** Both methods throw {@link StoreError} when the store is away before the secret has been read. */
export function createSignedLinks(store: ObjectStore, clock: Clock): SignedLinks {
  const signer = openLinkSigner(store, clock);
  return {
    sign: async (path, tenant, until) =>
      await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => signer.sign(path, tenant, until, signal)),
    verify: async (request) => {
      const { tenant, expires, signature } = request.query as Record<string, unknown>;
      if (typeof tenant !== 'string' || typeof expires !== 'string' || typeof signature !== 'string') {
        return undefined;
      }
      const link = {
        path: request.url.slice(0, request.url.indexOf('?')),
        tenant,
        expiresAt: expires,
        signature,
      };
      const valid = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => signer.verify(link, signal));
      return valid ? { tenant, roles: ['read'] } : undefined;
    },
  };
}
