import { type LookupAddress, NODATA, Resolver } from 'node:dns';
import type { LookupAll } from './guarded-lookup.ts';

const TRIES = 2;

/**
 * Resolves names by asking DNS itself. The system's resolver runs on threads, of which a process has two for all
 * names that it looks up: somebody else's name server that never answers would hold them, and with them the way to
 * our own store, queue and provider. It also knows other names (`/etc/hosts`, search domains), which this does not.
 *
 * @param options.servers name servers, `address:port`. @default the system's
 * @param options.timeoutMs until a name server that says nothing is asked again, for the last time. @default 2500
 */
export function dnsLookup(options: { servers?: readonly string[]; timeoutMs?: number } = {}): LookupAll {
  const resolver = new Resolver({ timeout: options.timeoutMs ?? 2_500, tries: TRIES });
  if (options.servers) resolver.setServers(options.servers);
  return (hostname, { family = 0 }, done) => {
    const families: (4 | 6)[] = family === 4 || family === 6 ? [family] : [4, 6];
    const found: LookupAddress[] = [];
    const errors: NodeJS.ErrnoException[] = [];
    let asked = families.length;
    for (const one of families) {
      const answered = (error: NodeJS.ErrnoException | null, addresses: string[] = []) => {
        if (error) errors.push(error);
        found.push(...addresses.map((address) => ({ address, family: one })));
        asked -= 1;
        if (asked === 0) done(found.length > 0 ? null : worst(errors), inOrder(found));
      };
      if (one === 4) resolver.resolve4(hostname, answered);
      else resolver.resolve6(hostname, answered);
    }
  };
}

/** What went wrong says more than that a name has no address of one kind. */
const worst = (errors: NodeJS.ErrnoException[]) =>
  errors.find(({ code }) => code !== NODATA) ?? errors[0] ?? null;

const inOrder = (found: LookupAddress[]) => found.toSorted((a, b) => a.family - b.family);
