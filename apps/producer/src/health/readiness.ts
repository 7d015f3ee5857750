import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { type RenderQueue, withStoreDeadline } from '../backends/index.ts';

export interface Readiness {
  ready: boolean;
  checks: { queue: 'ok' | 'unavailable'; store: 'ok' | 'unavailable' };
}

/** Probes may come from many sides: the backends are asked once a second at the most, by one at a time. */
const CACHE_MS = 1_000;

export function createReadiness(deps: {
  queue: RenderQueue;
  store: ObjectStore;
  clock: Clock;
}): () => Promise<Readiness> {
  let last: { at: number; answer: Promise<Readiness> } | undefined;
  return () => {
    const now = deps.clock.now();
    if (!last || now - last.at >= CACHE_MS) last = { at: now, answer: checkBackends(deps.queue, deps.store) };
    return last.answer;
  };
}

async function checkBackends(queue: RenderQueue, store: ObjectStore): Promise<Readiness> {
  const [queueAnswer, storeAnswer] = await Promise.all([
    toCheck(queue.ping()),
    // Nothing has this key: an answer is enough.
    toCheck(withStoreDeadline(2_500, (signal) => store.head('probe/ready', { signal }))),
  ]);
  const checks = { queue: queueAnswer, store: storeAnswer };
  return { ready: checks.queue === 'ok' && checks.store === 'ok', checks };
}

const toCheck = (probe: Promise<unknown>) =>
  probe.then(
    () => 'ok' as const,
    () => 'unavailable' as const,
  );
