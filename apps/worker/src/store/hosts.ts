import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

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
  const literal = host.replace(/^\[|\]$/g, '');
  if (ipaddr.isValid(literal)) assertAddress(literal, host, rules);
}

function assertAddress(address: string, host: string, rules: HostRules): void {
  // IPv4 inside IPv6 is judged as the IPv4 it reaches.
  if (!mayBePrivate(host, rules) && ipaddr.process(address).range() !== 'unicast') {
    throw new HostRefused(`${host} resolves to an address that is not public`);
  }
}

/** A DNS look-up for sockets: the address that is connected to is the one that was judged. */
export function guardedLookup(rules: HostRules): LookupFunction {
  return (hostname, options, done) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      try {
        for (const { address } of addresses) assertAddress(address, hostname, rules);
      } catch (refusal) {
        return done(refusal as Error, '', 0);
      }
      const first = addresses[0];
      if (options.all) return done(null, addresses);
      return first
        ? done(null, first.address, first.family)
        : done(new Error(`${hostname} has no address`), '', 0);
    });
  };
}
