import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ObjectStore } from '../object-store/index.ts';
import type { Clock } from '../runtime/index.ts';

const SECRET_KEY = 'config/link-secret';

/** A link to one of the API's own addresses, as its URL tells it. */
export interface SignedLink {
  /** From `/`, without a query. */
  path: string;
  tenant: string;
  /** Unix milliseconds, in digits. */
  expiresAt: string;
  signature: string;
}

/**
 * Links to the API's own addresses that work without a key until they expire: for stores that cannot sign. Both
 * methods throw {@link StoreError} when the store is away before the secret was read.
 */
export interface LinkSigner {
  /** @param path of the address, from `/`; `until` Unix milliseconds. @returns path and query. */
  sign(path: string, tenant: string, until: number, signal?: AbortSignal): Promise<string>;
  /** Whether a link is one of ours, as we made it, and not too late. */
  verify(link: SignedLink, signal?: AbortSignal): Promise<boolean>;
}

/** Signs with a secret that every producer and worker of a store shares: drawn once, by whoever comes first. */
export function openLinkSigner(store: ObjectStore, clock: Clock): LinkSigner {
  let secret: string | undefined;
  const computeMac = async (
    { path, tenant, expiresAt }: Omit<SignedLink, 'signature'>,
    signal?: AbortSignal,
  ) => {
    secret ??= await readOrCreateSecret(store, signal ? { signal } : {});
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

async function readOrCreateSecret(store: ObjectStore, options: { signal?: AbortSignal }): Promise<string> {
  const readSecret = async () => {
    const bytes = await store.get(SECRET_KEY, options);
    return bytes && Buffer.from(bytes).toString('utf8');
  };
  const existing = await readSecret();
  if (existing) return existing;
  const created = randomBytes(32).toString('base64url');
  await store.putIfAbsent(SECRET_KEY, created, { contentType: 'text/plain', ...options });
  // Another process may have been first.
  return (await readSecret()) ?? created;
}
