import { KEY_ID, KEY_ROLES } from '@darkroom/api';
import type { ApiKey } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, upgradePersisted } from '@darkroom/shared/render';
import { z } from 'zod';

// The objects below `access/`: keys and revocations as JSON, ends of sessions as empty objects.
const ROOT = 'access/';
const KEYS = `${ROOT}keys/`;
const REVOKED = `${ROOT}revoked/`;
const SIGNED_OUT = `${ROOT}signed-out/`;

const storedKeySchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  id: z.string().regex(KEY_ID),
  tenant: z.string(),
  roles: z.array(z.enum(KEY_ROLES)),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  perSecond: z.number().optional(),
  bodyBytes: z.number().optional(),
  name: z.string().optional(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  createdBy: z.string(),
});

const revocationSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  at: z.number(),
  actor: z.string(),
  reason: z.string().optional(),
});

/** An API key that an operator made at run time. Only the hash of its text is kept. */
export type StoredKey = ApiKey & z.infer<typeof storedKeySchema>;
export type Revocation = z.infer<typeof revocationSchema>;

/** The names of all objects. A session that was signed out is listed until it would have expired. */
export interface AccessListing {
  keyIds: string[];
  revokedIds: Set<string>;
  signedOut: { sessionId: string; expiresAt: number }[];
}

interface Call {
  signal?: AbortSignal;
}
const JSON_OBJECT = { contentType: 'application/json' };

/** Reads the names of all objects below `access/`. Throws {@link StoreError}. */
export async function listAccess(store: ObjectStore, call: Call = {}): Promise<AccessListing> {
  const listing: AccessListing = { keyIds: [], revokedIds: new Set(), signedOut: [] };
  for (let cursor: string | undefined; ; ) {
    const page = await store.list({ prefix: ROOT, ...call, ...(cursor === undefined ? {} : { cursor }) });
    for (const { key } of page.objects) {
      const name = key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '');
      if (key.startsWith(KEYS)) listing.keyIds.push(name);
      if (key.startsWith(REVOKED)) listing.revokedIds.add(name);
      if (key.startsWith(SIGNED_OUT)) {
        const [expiresAt = '', sessionId = ''] = name.split('-');
        listing.signedOut.push({ sessionId, expiresAt: Number(expiresAt) });
      }
    }
    if (page.cursor === undefined) return listing;
    cursor = page.cursor;
  }
}

/** @returns `undefined` for a key that does not exist, or that this process cannot read. */
export async function readStoredKey(
  store: ObjectStore,
  id: string,
  call: Call = {},
): Promise<StoredKey | undefined> {
  const value = await readJson(store, `${KEYS}${id}.json`, call);
  const parsed = storedKeySchema.safeParse(upgradePersisted('api-key', value));
  return parsed.success ? (parsed.data as StoredKey) : undefined;
}

export async function readRevocation(
  store: ObjectStore,
  id: string,
  call: Call = {},
): Promise<Revocation | undefined> {
  const value = await readJson(store, `${REVOKED}${id}.json`, call);
  return revocationSchema.safeParse(upgradePersisted('key-revocation', value)).data;
}

export const writeStoredKey = (store: ObjectStore, key: StoredKey, call: Call = {}): Promise<boolean> =>
  store.putIfAbsent(`${KEYS}${key.id}.json`, JSON.stringify(key), { ...JSON_OBJECT, ...call });

/** @returns whether this call revoked the key. Another one may have done it before. */
export const writeRevocation = (
  store: ObjectStore,
  id: string,
  revocation: Revocation,
  call: Call = {},
): Promise<boolean> =>
  store.putIfAbsent(`${REVOKED}${id}.json`, JSON.stringify(revocation), { ...JSON_OBJECT, ...call });

/** @param expiresAt Unix milliseconds: the object can be deleted then */
export async function writeSignedOut(
  store: ObjectStore,
  sessionId: string,
  expiresAt: number,
  call: Call = {},
): Promise<void> {
  await store.put(signedOutKey(sessionId, expiresAt), '', { contentType: 'text/plain', ...call });
}

export const deleteSignedOut = (store: ObjectStore, sessionId: string, expiresAt: number): Promise<void> =>
  store.delete(signedOutKey(sessionId, expiresAt));

const signedOutKey = (sessionId: string, expiresAt: number) => `${SIGNED_OUT}${expiresAt}-${sessionId}`;

async function readJson(store: ObjectStore, key: string, call: Call): Promise<unknown> {
  const bytes = await store.get(key, call);
  return bytes && JSON.parse(Buffer.from(bytes).toString('utf8'));
}
