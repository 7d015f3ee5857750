import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type ApiKey, keyIdOf, readOrCreateSecret } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import type { KeyRing } from './key-ring.ts';

const COOKIE = 'darkroom_session';
const SECRET_KEY = 'config/session-secret';
/** A working day. */
const LIFETIME_MS = 12 * 3_600_000;

/** A browser in which a person entered a key. */
export interface Session {
  id: string;
  /** Unix milliseconds. */
  expiresAt: number;
}

/**
 * Sessions of browsers. The cookie names a key and an end, signed with a secret that all producers of a store share. So a
 * session works at each of them, and ends when its key is revoked, when it is signed out, or at its end.
 */
export interface Sessions {
  /** Begins a session of this key, and sets its cookie. Throws {@link StoreError}. */
  begin(request: FastifyRequest, reply: FastifyReply, key: ApiKey): Promise<void>;
  /** The session of a request's cookie, with its key. `undefined` for none, or for one that has ended. */
  find(request: FastifyRequest): Promise<{ session: Session; key: ApiKey } | undefined>;
  /** Ends a session at all producers, and removes the cookie. Throws {@link StoreError}. */
  end(request: FastifyRequest, reply: FastifyReply, session: Session): Promise<void>;
}

export function createSessions(store: ObjectStore, ring: KeyRing, clock: Clock): Sessions {
  let secret: string | undefined;
  const sign = async (text: string) => {
    secret ??= await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      readOrCreateSecret(store, SECRET_KEY, { signal }),
    );
    return createHmac('sha256', secret).update(text).digest('base64url');
  };
  return {
    begin: async (request, reply, key) => {
      const id = randomBytes(16).toString('hex');
      const text = [id, keyIdOf(key), clock.now() + LIFETIME_MS].join('.');
      setCookie(request, reply, `${text}.${await sign(text)}`, LIFETIME_MS);
    },
    find: async (request) => {
      const [id = '', keyId = '', expiresAt = '', signature = ''] = readCookie(request).split('.');
      if (!signature || !(Number(expiresAt) > clock.now())) return undefined;
      const expected = Buffer.from(await sign([id, keyId, expiresAt].join('.')));
      const received = Buffer.from(signature);
      if (expected.length !== received.length || !timingSafeEqual(expected, received)) return undefined;
      const key = await ring.findById(keyId);
      if (!key || ring.isSignedOut(id)) return undefined;
      return { session: { id, expiresAt: Number(expiresAt) }, key };
    },
    end: async (request, reply, { id, expiresAt }) => {
      await ring.signOut(id, expiresAt);
      setCookie(request, reply, '', 0);
    },
  };
}

const readCookie = ({ headers }: FastifyRequest): string => {
  const { cookie } = headers;
  return cookie?.includes(COOKIE) ? (parseCookie(cookie)[COOKIE] ?? '') : '';
};

/** Whether the browser had a session, which may have ended. */
export const hasSessionCookie = (request: FastifyRequest): boolean => readCookie(request) !== '';

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, lifetimeMs: number): void {
  reply.header(
    'set-cookie',
    stringifySetCookie({
      name: COOKIE,
      value,
      path: '/',
      maxAge: Math.floor(lifetimeMs / 1_000),
      httpOnly: true,
      sameSite: 'strict',
      secure: resolveBaseUrl(request).startsWith('https:'),
    }),
  );
}
