import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Judges one address that a host name resolved to. @returns why it must not be connected to, if so. */
export type AddressJudge = (address: string, hostname: string) => Error | undefined;

/** Resolves a name to all of its addresses; Node's own `dns.lookup` is one. */
export type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A DNS look-up for sockets: the addresses that were judged are the ones that are connected to, so that a name which
 * answers otherwise the second time gains nothing. One refused address refuses the name. A socket asks no look-up
 * for a literal address: whoever takes URLs judges those before.
 */
export function guardedLookup(judge: AddressJudge, resolve: LookupAll = systemLookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '', 0);
      for (const { address } of addresses) {
        const refusal = judge(address, hostname);
        if (refusal) return done(refusal, '', 0);
      }
      const first = addresses[0];
      if (!first) return done(new Error(`${hostname} has no address`), '', 0);
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  };
}
