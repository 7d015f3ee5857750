import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { type RenderQueue, withStoreDeadline } from '../backends/index.ts';

export interface Readiness {
  ready: boolean;
  checks: { queue: 'ok' | 'unavailable'; store: 'ok' | 'unavailable' };
}

/** Many probes can arrive at once: the backends are checked at most once per second, and one check serves them all. */
const CACHE_MS = 1_000;
const STORE_PROBE_MS = 2_500;

export function createReadiness(deps: {
  queue: RenderQueue;
  store: ObjectStore;
  clock: Clock;
}): () => Promise<Readiness> {
  let last: { at: number; readiness: Promise<Readiness> } | undefined;
  return () => {
    const now = deps.clock.now();
    if (!last || now - last.at >= CACHE_MS) {
      last = { at: now, readiness: checkBackends(deps.queue, deps.store) };
    }
    return last.readiness;
  };
}

async function checkBackends(queue: RenderQueue, store: ObjectStore): Promise<Readiness> {
  const [queueCheck, storeCheck] = await Promise.all([
    toCheck(queue.ping()),
    // No object has this key. Any answer shows that the store works.
    toCheck(withStoreDeadline(STORE_PROBE_MS, (signal) => store.head('probe/ready', { signal }))),
  ]);
  const checks = { queue: queueCheck, store: storeCheck };
  return { ready: checks.queue === 'ok' && checks.store === 'ok', checks };
}

const toCheck = (probe: Promise<unknown>) =>
  probe.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
