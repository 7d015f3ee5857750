import type { LookupFunction } from 'node:net';
import { isPublicAddress } from '@darkroom/shared/net';
import { guardedLookup } from '../net/index.ts';

/** A host that results must not be fetched from. */
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
  /** The configured provider's own host: the operator chose it, wherever it is. */
  provider?: string;
}

const mayBePrivate = (host: string, rules: HostRules) => rules.allowPrivate || host === rules.provider;

/** @throws {HostRefused} where the URL's scheme, host or literal address is not allowed. */
export function assertHost(url: URL, rules: HostRules): void {
  const host = url.hostname.toLowerCase();
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBePrivate(host, rules))) {
    throw new HostRefused(`results must come over https, not ${url.protocol}`);
  }
  if (!rules.allowed.includes(host)) {
    throw new HostRefused(`${host} is not a known host for results (RESULT_HOSTS)`);
  }
  if (isPublicAddress(host) === false && !mayBePrivate(host, rules)) throw notPublic(host);
}

/** A DNS look-up for sockets: the address that is connected to is the one that was judged. */
export const resultLookup = (rules: HostRules): LookupFunction =>
  guardedLookup((address, host) =>
    mayBePrivate(host, rules) || isPublicAddress(address) ? undefined : notPublic(host),
  );

const notPublic = (host: string) => new HostRefused(`${host} resolves to an address that is not public`);
