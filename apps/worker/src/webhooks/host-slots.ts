import type { Clock } from '@darkroom/shared/runtime';

/** What a message finds that wants to go to a host. */
export type Slot =
  | { kind: 'free'; release(): void }
  /** Its host has enough under way: it is waked when a place is left, and comes again by itself after `afterMs`. */
  | { kind: 'full'; afterMs: number; underWay: number };

/** `attemptsMade` tells one that waits for a place from one that was tried since and waits for its next try. */
export interface Waiting {
  id: string;
  attemptsMade: number;
}

export interface HostSlots {
  /** @param host whose messages share; `leave` is called once. */
  acquire(host: string, message: Waiting): Slot;
}

export interface HostSlotsOptions {
  /** Messages that the worker has under way at the most. */
  total: number;
  clock: Pick<Clock, 'random'>;
  /**
   * Has a message that waits for a place come now.
   *
   * @returns `moving` when it is only about to wait, `gone` when it does not wait any more. Throws when nobody can tell.
   */
  wake(message: Waiting): Promise<'woken' | 'moving' | 'gone'>;
}

interface Host {
  underWay: number;
  /** Messages by id, first come first. */
  waiting: Map<string, Waiting>;
}

/** Messages come again by themselves this much later for each that waits: also very many are no busy loop. */
const LATER_BY_MS = 100;
const SOONEST_MS = 5_000;
const LATEST_MS = 600_000;
/** A delay is shorter by up to this share, so that messages that came together do not come back together. */
const JITTER = 0.5;
/** What is remembered: hosts, and messages of one that are waked. */
const MOST_HOSTS = 1_000;
const MOST_WAITING = 10_000;

/**
 * Shares the places of one worker among receivers: a host gets another one as long as it holds fewer than are free.
 * So one that never answers holds half of them at most, two come to a third each, and whoever else comes finds one.
 */
export function openHostSlots(options: HostSlotsOptions): HostSlots {
  const hosts = new Map<string, Host>();
  let taken = 0;
  const room = ({ underWay }: Host) => options.total - taken - underWay;

  const take = (host: Host): Slot => {
    taken += 1;
    host.underWay += 1;
    return {
      kind: 'free',
      release: () => {
        taken -= 1;
        host.underWay -= 1;
        // Two, where there is room: a host that is well again soon has all the places it can get.
        wakeSome(host, room(host) > 2 ? 2 : 1, options.wake).catch(() => undefined);
      },
    };
  };

  return {
    acquire: (name, message) => {
      const host = hosts.get(name) ?? { underWay: 0, waiting: new Map() };
      if (!hosts.has(name)) {
        forget(hosts);
        hosts.set(name, host);
      }
      host.waiting.delete(message.id);
      if (room(host) > 0) return take(host);
      if (host.waiting.size < MOST_WAITING) host.waiting.set(message.id, message);
      return { kind: 'full', afterMs: delayOf(host, options.clock.random()), underWay: host.underWay };
    },
  };
}

function delayOf({ waiting }: Host, random: number): number {
  const ms = Math.min(Math.max(SOONEST_MS, waiting.size * LATER_BY_MS), LATEST_MS);
  return Math.round(ms * (1 - JITTER * random));
}

async function wakeSome(host: Host, count: number, wake: HostSlotsOptions['wake']): Promise<void> {
  const moving: Waiting[] = [];
  try {
    let woken = 0;
    for (const message of host.waiting.values()) {
      if (woken === count) return;
      host.waiting.delete(message.id);
      const found = await wake(message);
      if (found === 'woken') woken += 1;
      if (found === 'moving') moving.push(message);
    }
  } finally {
    for (const message of moving) host.waiting.set(message.id, message);
  }
}

/** Makes room for another host. What is forgotten comes again by itself. */
function forget(hosts: Map<string, Host>): void {
  for (const [name, { underWay }] of hosts) {
    if (hosts.size < MOST_HOSTS) return;
    if (underWay === 0) hosts.delete(name);
  }
}
