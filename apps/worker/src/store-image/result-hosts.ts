import type { LookupFunction } from 'node:net';
import { createGuardedLookup, isPublicAddress } from '@darkroom/shared/net';

/** Results must not be downloaded from this host. */
export class HostRefused extends Error {
  readonly code = 'HOST_REFUSED';
  constructor(message: string) {
    super(message);
    this.name = 'HostRefused';
  }
}

export interface HostRules {
  /** Host names, lower case; a result must come from one of them. */
  allowed: readonly string[];
  /** Whether loopback, private and link-local addresses are allowed. */
  allowPrivate: boolean;
  /** The host of `TOAPIS_BASE_URL`. The operator configured it, so it may be private. */
  providerHost?: string;
}

const isPrivateAllowed = (host: string, rules: HostRules) =>
  rules.allowPrivate || host === rules.providerHost;

/** @throws {HostRefused} where the URL's scheme, host or literal address is not allowed. */
export function assertResultHost(url: URL, rules: HostRules): void {
  const host = url.hostname.toLowerCase();
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isPrivateAllowed(host, rules))) {
    throw new HostRefused(`results must come over https, not ${url.protocol}`);
  }
  if (!rules.allowed.includes(host)) {
    throw new HostRefused(`${host} is not a known host for results (RESULT_HOSTS)`);
  }
  if (isPublicAddress(host) === false && !isPrivateAllowed(host, rules)) throw notPublicError(host);
}

/** A DNS lookup for sockets: the socket connects to the very address that was checked. */
export const createResultLookup = (rules: HostRules): LookupFunction =>
  createGuardedLookup((address, host) =>
    isPrivateAllowed(host, rules) || isPublicAddress(address) ? undefined : notPublicError(host),
  );

const notPublicError = (host: string) => new HostRefused(`${host} resolves to an address that is not public`);
