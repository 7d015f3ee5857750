import type { Clock } from '../runtime/index.ts';
import type { Leases } from './engine.ts';

/** {@link Leases} in this process. */
export function createMemoryLeases({ now }: Pick<Clock, 'now'>): Leases {
  const held = new Map<string, { owner: string; until: number }>();
  return {
    hold: async (name, owner, ms) => {
      const lease = held.get(name);
      if (lease && lease.owner !== owner && lease.until > now()) return false;
      held.set(name, { owner, until: now() + ms });
      return true;
    },
    release: async (name, owner) => {
      if (held.get(name)?.owner === owner) held.delete(name);
    },
  };
}
