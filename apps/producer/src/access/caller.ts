import { ALL_TENANTS, type ApiKey, findApiKey, ROLES, type Role } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';

/** Who is calling, and what they may do. */
export interface Caller {
  /** Whose renders the request is about, or `*` for an operator of all. */
  tenant: string;
  roles: readonly Role[];
  /** The key that was shown; absent where nobody needs one. */
  key?: ApiKey;
}

/** Until there are keys, everybody who reaches us is this one, and may do everything. */
export const KEYLESS_CALLER: Caller = { tenant: 'default', roles: ROLES };

/** What an address asks of its callers. `house`: an operator of all tenants. `anyone`: nothing. */
export type Needs = Role | 'house' | 'anyone';

/** Whether this caller may. Without keys there is one tenant, and it has the house to itself. */
export function hasRole(caller: Caller, needs: Needs): boolean {
  if (needs === 'anyone') return true;
  if (needs !== 'house') return caller.roles.includes(needs);
  return caller.roles.includes('operate') && (!caller.key || caller.tenant === ALL_TENANTS);
}

/**
 * The caller that a request's `Authorization` names: a bearer key, or Basic with the key as its password, which is
 * what browsers can send.
 *
 * @returns `undefined` for no key and for one that is none of ours.
 */
export function identifyCaller(
  authorization: string | undefined,
  keys: readonly ApiKey[],
): Caller | undefined {
  if (keys.length === 0) return KEYLESS_CALLER;
  const text = readKey(authorization);
  const key = text === undefined ? undefined : findApiKey(keys, text);
  return key && { tenant: key.tenant, roles: key.roles, key };
}

function readKey(authorization = ''): string | undefined {
  const [, scheme = '', credentials = ''] = /^(bearer|basic)\s+(\S+)\s*$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. At addresses for anyone it may be nobody with a key. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** What the address asks of its callers. An address that does not say is the house's alone. */
    needs?: Needs;
    /** A link that we signed ourselves opens it too. */
    signable?: boolean;
  }
}

/** The tenant of a request that passed the guard. */
export function requireTenant(request: FastifyRequest): string {
  if (!request.caller) throw new Error('an address without a guard asked for its caller');
  return request.caller.tenant;
}
