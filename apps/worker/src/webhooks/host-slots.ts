import type { Reference } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';

/** What a webhook gets that wants to be sent to a host. */
export type Slot =
  | { kind: 'free'; release(): void }
  /** The host has no free slot. The webhook is woken when one is released; without that it comes again after `afterMs`. */
  | { kind: 'full'; afterMs: number; inFlight: number };

/** A deferred webhook. A larger `attemptsMade` than here means that it was tried since and waits for its next try. */
export interface DeferredWebhook {
  id: string;
  attemptsMade: number;
}

export interface HostSlots {
  /** @returns a slot of the host. The caller calls `release` once. */
  acquire(host: string, webhook: DeferredWebhook): Slot;
}

export interface HostSlotsOptions {
  /** How many webhooks the worker has in flight at most. */
  readTotal(): number;
  clock: Pick<Clock, 'random'>;
  /**
   * Makes a deferred webhook run now.
   *
   * @returns `moving` if it is just being deferred, `gone` if it is not deferred any more. Throws if the engine is away.
   */
  wake(webhook: DeferredWebhook): Promise<'woken' | 'moving' | 'gone'>;
}

interface Host {
  inFlight: number;
  /** By id, first deferred first. */
  deferred: Map<string, DeferredWebhook>;
}

/** Each deferred webhook adds this to the delay of the next one, so that very many of them make no busy loop. */
const DELAY_PER_DEFERRED_MS = 100;
const MIN_DELAY_MS = 5_000;
const MAX_DELAY_MS = 600_000;
/** A delay is shorter by up to this share, so that webhooks that came together do not come back together. */
const JITTER = 0.5;
const MAX_HOSTS = 1_000;
/** Per host. Further webhooks are deferred, too, but not woken: they come again after their delay. */
const MAX_DEFERRED = 10_000;

/**
 * Shares the slots of one worker among hosts. A host gets another slot as long as it holds fewer than are free. So one
 * host that never answers holds at most half of the slots, two such hosts hold a third each, and every other host finds
 * a free slot.
 */
export function openHostSlots(options: HostSlotsOptions): HostSlots {
  const hosts = new Map<string, Host>();
  let taken = 0;
  const countFree = ({ inFlight }: Host) => options.readTotal() - taken - inFlight;

  const take = (host: Host): Slot => {
    taken += 1;
    host.inFlight += 1;
    return {
      kind: 'free',
      release: () => {
        taken -= 1;
        host.inFlight -= 1;
        // Two, if there is room: a host that has recovered soon has all the slots that it can get.
        wakeDeferred(host, countFree(host) > 2 ? 2 : 1, options.wake).catch(() => undefined);
      },
    };
  };

  return {
    acquire: (name, webhook) => {
      const host = hosts.get(name) ?? { inFlight: 0, deferred: new Map() };
      if (!hosts.has(name)) {
        forgetIdleHosts(hosts);
        hosts.set(name, host);
      }
      host.deferred.delete(webhook.id);
      if (countFree(host) > 0) return take(host);
      if (host.deferred.size < MAX_DEFERRED) host.deferred.set(webhook.id, webhook);
      return {
        kind: 'full',
        afterMs: computeDelay(host, options.clock.random()),
        inFlight: host.inFlight,
      };
    },
  };
}

/** The host of a webhook, as its job shows it. Two very long host names that begin alike count as one. */
export function findHost(to: Reference): string {
  if (to.kind === 'url' && URL.canParse(to.url)) return new URL(to.url).host;
  return to.kind === 'stored-url' ? to.host : '';
}

function computeDelay({ deferred }: Host, random: number): number {
  const ms = Math.min(Math.max(MIN_DELAY_MS, deferred.size * DELAY_PER_DEFERRED_MS), MAX_DELAY_MS);
  return Math.round(ms * (1 - JITTER * random));
}

async function wakeDeferred(host: Host, count: number, wake: HostSlotsOptions['wake']): Promise<void> {
  const moving: DeferredWebhook[] = [];
  try {
    let woken = 0;
    for (const webhook of host.deferred.values()) {
      if (woken === count) return;
      host.deferred.delete(webhook.id);
      const found = await wake(webhook);
      if (found === 'woken') woken += 1;
      if (found === 'moving') moving.push(webhook);
    }
  } finally {
    for (const webhook of moving) host.deferred.set(webhook.id, webhook);
  }
}

/** Makes room for another host. The deferred webhooks of a forgotten host come again after their delay. */
function forgetIdleHosts(hosts: Map<string, Host>): void {
  for (const [name, { inFlight }] of hosts) {
    if (hosts.size < MAX_HOSTS) return;
    if (inFlight === 0) hosts.delete(name);
  }
}
