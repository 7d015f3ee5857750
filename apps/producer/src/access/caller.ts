import { ALL_TENANTS, type ApiKey, ROLES, type Role } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import type { Session } from './sessions.ts';

/** Who is calling, and with which roles. */
export interface Caller {
  /** The tenant whose renders the caller can use, or `*` for an operator of all tenants. */
  tenant: string;
  roles: readonly Role[];
  /** The API key of the request. Absent in a deployment without keys. */
  key?: ApiKey;
  /** Present when a browser sent the cookie of a session, and no key. */
  session?: Session;
}

/** Every caller of a deployment without keys. It has all roles. */
export const KEYLESS_CALLER: Caller = { tenant: 'default', roles: ROLES };

/**
 * What a route needs of its caller. `operator`: an operator of all tenants. `overseer`: a reader or operator of all
 * tenants. `anyone`: no key.
 */
export type Needs = Role | 'enqueue or operate' | 'read or operate' | 'overseer' | 'operator' | 'anyone';

/** Whether the caller has what a route needs. Without keys the only tenant is also the operator. */
export function hasRole(caller: Caller, needs: Needs): boolean {
  if (needs === 'anyone') return true;
  if (needs === 'enqueue or operate') return hasRole(caller, 'enqueue') || hasRole(caller, 'operate');
  if (needs === 'read or operate') return hasRole(caller, 'read') || hasRole(caller, 'operate');
  if (needs === 'overseer') return hasRole(caller, 'read or operate') && isOfAllTenants(caller);
  if (needs === 'operator') return hasRole(caller, 'operate') && isOfAllTenants(caller);
  return caller.roles.includes(needs);
}

const isOfAllTenants = ({ key, tenant }: Caller) => !key || tenant === ALL_TENANTS;

/** The caller that a key stands for. */
export const callerOfKey = (key: ApiKey): Caller => ({ tenant: key.tenant, roles: key.roles, key });

/**
 * The key in an `Authorization` header: a bearer key, or Basic with the key as the password.
 *
 * @returns `undefined` for a header without one.
 */
export function readKeyText(authorization = ''): string | undefined {
  const [, scheme = '', credentials = ''] = /^(bearer|basic)\s+(\S+)\s*$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** The caller of a change, for the records that operators read. A key is named by the start of its entry in `API_KEYS`. */
export function describeCaller(caller: Caller | undefined): string {
  if (!caller?.key) return 'a user of this machine';
  return `key ${caller.key.tenant}:…:${caller.key.sha256.slice(0, 8)}…`;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs. Can be undefined on routes that need `anyone`. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** What the route needs of its caller. Without `needs`, a route is for operators only. */
    needs?: Needs;
    /** A route of the dashboard: its own error handler cannot send problems. */
    isDashboard?: boolean;
    /** A link that this API signed gives access, too. */
    signable?: boolean;
  }
}

/** The tenant of a request that passed the guard. */
export function requireTenant(request: Pick<FastifyRequest, 'caller'>): string {
  if (!request.caller) throw new Error('a handler read the tenant of a request that no guard checked');
  return request.caller.tenant;
}
