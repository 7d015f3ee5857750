import { type LookupAddress, NODATA, Resolver } from 'node:dns';
import type { LookupAll } from './guarded-lookup.ts';

const MAX_TRIES = 2;

/**
 * Resolves names by asking DNS itself. The system's resolver uses two threads for all lookups of the process. A foreign
 * name server that never answers would block both, and so every lookup of our own store, queue and provider. DNS does
 * not know names of `/etc/hosts` and search domains.
 *
 * @param options.servers name servers, `address:port`. @default the system's
 * @param options.timeoutMs time after which a silent name server is asked again, for the last time. @default 2500
 */
export function createDnsLookup(
  options: { servers?: readonly string[]; timeoutMs?: number } = {},
): LookupAll {
  const resolver = new Resolver({ timeout: options.timeoutMs ?? 2_500, tries: MAX_TRIES });
  if (options.servers) resolver.setServers(options.servers);
  return (hostname, { family = 0 }, done) => {
    const families: (4 | 6)[] = family === 4 || family === 6 ? [family] : [4, 6];
    const found: LookupAddress[] = [];
    const errors: NodeJS.ErrnoException[] = [];
    let pending = families.length;
    for (const one of families) {
      const answered = (error: NodeJS.ErrnoException | null, addresses: string[] = []) => {
        if (error) errors.push(error);
        found.push(...addresses.map((address) => ({ address, family: one })));
        pending -= 1;
        if (pending === 0) done(found.length > 0 ? null : findMainError(errors), sortByFamily(found));
      };
      if (one === 4) resolver.resolve4(hostname, answered);
      else resolver.resolve6(hostname, answered);
    }
  };
}

/** An error of the lookup says more than `NODATA`, which only means that the name has no address of one family. */
const findMainError = (errors: NodeJS.ErrnoException[]) =>
  errors.find(({ code }) => code !== NODATA) ?? errors[0] ?? null;

const sortByFamily = (found: LookupAddress[]) => found.toSorted((a, b) => a.family - b.family);
