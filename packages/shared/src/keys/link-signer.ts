import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ObjectStore } from '../object-store/index.ts';
import type { Clock } from '../runtime/index.ts';
import { readOrCreateSecret } from './stored-secret.ts';

const SECRET_KEY = 'config/link-secret';

/** The parts of a link to one of the API's own addresses. */
export interface SignedLink {
  /** From `/`, without a query. */
  path: string;
  tenant: string;
  /** Unix milliseconds, in digits. */
  expiresAt: string;
  signature: string;
}

/**
 * Signs links to the API's own addresses. They work without a key until they expire. They replace signed URLs of stores
 * that cannot sign. Both methods throw {@link StoreError} while the secret is not read yet and the store is away.
 */
export interface LinkSigner {
  /**
   * @param path from `/`
   * @param until Unix milliseconds
   * @returns path and query
   */
  sign(path: string, tenant: string, until: number, signal?: AbortSignal): Promise<string>;
  /** Whether this signer, or another one of the same store, made exactly this link, and it has not expired. */
  verify(link: SignedLink, signal?: AbortSignal): Promise<boolean>;
}

/** Opens a signer. All producers and workers of a store share one secret; the first of them creates it. */
export function openLinkSigner(store: ObjectStore, clock: Clock): LinkSigner {
  let secret: string | undefined;
  const computeMac = async (
    { path, tenant, expiresAt }: Omit<SignedLink, 'signature'>,
    signal?: AbortSignal,
  ) => {
    secret ??= await readOrCreateSecret(store, SECRET_KEY, signal ? { signal } : {});
    return createHmac('sha256', secret).update(`${path}\n${tenant}\n${expiresAt}`).digest('base64url');
  };
  return {
    sign: async (path, tenant, until, signal) => {
      const signature = await computeMac({ path, tenant, expiresAt: String(until) }, signal);
      return `${path}?tenant=${tenant}&expires=${until}&signature=${signature}`;
    },
    verify: async (link, signal) => {
      if (!(Number(link.expiresAt) > clock.now())) return false;
      const expected = Buffer.from(await computeMac(link, signal));
      const received = Buffer.from(link.signature);
      return expected.length === received.length && timingSafeEqual(expected, received);
    },
  };
}
