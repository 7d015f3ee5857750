import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Checks one address that a host name resolved to. @returns the error with which the connection is refused, if any. */
export type CheckAddress = (address: string, hostname: string) => Error | undefined;

/** Resolves a name to all of its addresses; Node's own `dns.lookup` is one. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A DNS lookup for sockets. The socket connects to the very addresses that were checked, so a name server that answers
 * differently the second time gains nothing. One refused address refuses the name. A socket does no lookup for a literal
 * address: the caller must check literal addresses itself.
 */
export function createGuardedLookup(
  checkAddress: CheckAddress,
  resolve: LookupAll = systemLookup,
): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      for (const { address } of addresses) {
        const refusal = checkAddress(address, hostname);
        if (refusal) return done(refusal, '', 0);
      }
      const first = addresses[0];
      if (!first) return done(new Error(`${hostname} has no address`), '', 0);
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}
