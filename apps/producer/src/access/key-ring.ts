import { type ApiKey, createApiKey, findApiKey, keyIdOf } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION } from '@darkroom/shared/render';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withFallback, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import {
  deleteSignedOut,
  listAccess,
  type Revocation,
  readRevocation,
  readStoredKey,
  type StoredKey,
  writeRevocation,
  writeSignedOut,
  writeStoredKey,
} from './access-store.ts';

/** A key for people: where it comes from, and whether it was revoked. */
export interface ListedKey {
  key: ApiKey;
  stored?: StoredKey;
  revocation?: Revocation;
}

/** The API keys: the entries of `API_KEYS`, and the keys that operators made and did not revoke. */
export interface KeyRing {
  /** The key with this text. @throws {ProblemError} `store_unavailable` while the stored keys were never read. */
  find(text: string): Promise<ApiKey | undefined>;
  /** The key with this id, unless it was revoked. */
  findById(id: string): Promise<ApiKey | undefined>;
  isSignedOut(sessionId: string): boolean;
  /** All keys, the revoked ones, too. Throws {@link StoreError}. */
  list(): Promise<ListedKey[]>;
  /** Makes a key. Its text is returned once. Throws {@link StoreError}. */
  create(
    facts: Omit<StoredKey, 'version' | 'id' | 'sha256' | 'createdAt'>,
  ): Promise<{ text: string; listed: ListedKey }>;
  /** @returns what was revoked, and whether this call did it. @throws {ProblemError} `key_not_found`, `key_in_settings`. */
  revoke(
    id: string,
    by: { actor: string; reason?: string | undefined },
  ): Promise<{ listed: ListedKey; isNew: boolean }>;
  /** Ends a session at all producers. Throws {@link StoreError}. */
  signOut(sessionId: string, expiresAt: number): Promise<void>;
}

/** A revoked key works for this long at most, plus the time of one read: reads are made by requests. */
const FRESH_MS = 2_000;
/** A request waits for the read if the last one is older. */
const STALE_MS = 4_000;
const MAX_WAIT_MS = 1_000;
const PARALLEL = 16;

interface RingState {
  keys: ReadonlyMap<string, StoredKey>;
  revoked: ReadonlySet<string>;
  signedOut: ReadonlySet<string>;
}

/** @param settingKeys the entries of `API_KEYS`. They need no read, so they work while the store is away. */
export function createKeyRing(
  store: ObjectStore,
  settingKeys: readonly ApiKey[],
  { clock, logger }: { clock: Clock; logger: Logger },
): KeyRing {
  let state: RingState | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let isFailing = false;
  let running: Promise<void> | undefined;

  const readNow = async () => {
    const listing = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      listAccess(store, { signal }),
    );
    const known = state?.keys ?? new Map<string, StoredKey>();
    const keys = await pMap(
      listing.keyIds,
      async (id) =>
        known.get(id) ??
        (await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => readStoredKey(store, id, { signal }))),
      { concurrency: PARALLEL },
    );
    const now = clock.now();
    state = {
      keys: new Map(keys.flatMap((key) => (key ? [[key.id, key]] : []))),
      revoked: listing.revokedIds,
      signedOut: new Set(listing.signedOut.map(({ sessionId }) => sessionId)),
    };
    for (const { sessionId, expiresAt } of listing.signedOut) {
      if (expiresAt < now) await deleteSignedOut(store, sessionId, expiresAt).catch(() => undefined);
    }
  };

  /** One read at a time. It never rejects: the last keys stay while the store is away. */
  const refresh = () => {
    running ??= readNow()
      .then(() => {
        isFailing = false;
      })
      .catch((error: unknown) => {
        if (!isFailing) {
          logger.warn(
            { err: errorMessage(error) },
            'API keys of the store cannot be read: the last ones stay',
          );
        }
        isFailing = true;
      })
      .finally(() => {
        readAt = clock.now();
        running = undefined;
      });
    return running;
  };

  const ensureFresh = async () => {
    const age = Math.abs(clock.now() - readAt);
    if (age < FRESH_MS) return;
    const read = refresh();
    if (state && (isFailing || age < STALE_MS)) return;
    await withFallback(MAX_WAIT_MS, read, undefined);
  };

  /** After a change of this process, so that it holds here at once. */
  const refreshNow = async () => {
    await running;
    await refresh();
  };

  const listWorking = () => [...(state?.keys.values() ?? [])].filter(({ id }) => !state?.revoked.has(id));
  const findStored = (id: string) => {
    const key = state?.keys.get(id);
    return key && { key, stored: key };
  };

  return {
    find: async (text) => {
      const set = findApiKey(settingKeys, text);
      if (set) return set;
      await ensureFresh();
      const found = findApiKey(listWorking(), text);
      if (!found && !state) {
        throw new ProblemError('store_unavailable', 'The object store cannot be reached. Try again soon.', {
          retryAfter: 2,
        });
      }
      return found;
    },
    findById: async (id) => {
      await ensureFresh();
      return [...settingKeys, ...listWorking()].find((key) => keyIdOf(key) === id);
    },
    isSignedOut: (sessionId) => state?.signedOut.has(sessionId) ?? false,
    list: async () => {
      await readNow();
      const stored = [...(state?.keys.values() ?? [])].sort((a, b) => b.createdAt - a.createdAt);
      const listed = await pMap(
        stored,
        async (key): Promise<ListedKey> => {
          const revocation = state?.revoked.has(key.id) ? await readRevocation(store, key.id) : undefined;
          return { key, stored: key, ...(revocation ? { revocation } : {}) };
        },
        { concurrency: PARALLEL },
      );
      return [...settingKeys.map((key) => ({ key })), ...listed];
    },
    create: async (facts) => {
      const { text, sha256 } = createApiKey();
      const key: StoredKey = {
        version: DATA_VERSION,
        id: keyIdOf({ sha256 }),
        sha256,
        createdAt: clock.now(),
        ...facts,
      };
      await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => writeStoredKey(store, key, { signal }));
      await refreshNow();
      return { text, listed: { key, stored: key } };
    },
    revoke: async (id, { actor, reason }) => {
      if (settingKeys.some((key) => keyIdOf(key) === id)) {
        throw new ProblemError(
          'key_in_settings',
          'This key is an entry of API_KEYS. It cannot be revoked while the producers run.',
        );
      }
      await readNow();
      const listed = findStored(id);
      if (!listed) throw new ProblemError('key_not_found', 'There is no key with this id.');
      const written: Revocation = {
        version: DATA_VERSION,
        at: clock.now(),
        actor,
        ...(reason === undefined ? {} : { reason }),
      };
      const isNew = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
        writeRevocation(store, id, written, { signal }),
      );
      await refreshNow();
      const revocation = isNew ? written : ((await readRevocation(store, id)) ?? written);
      return { listed: { ...listed, revocation }, isNew };
    },
    signOut: async (sessionId, expiresAt) => {
      await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
        writeSignedOut(store, sessionId, expiresAt, { signal }),
      );
      await refreshNow();
    },
  };
}
