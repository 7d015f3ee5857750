import { EngineError } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { type RenderQueue, withStoreDeadline } from '../backends/index.ts';

export interface Readiness {
  ready: boolean;
  checks: { queue: 'ok' | 'unavailable'; store: 'ok' | 'unavailable' };
  /** Why the queue is unavailable, if an operator must change something. Without hosts and credentials. */
  reason?: string;
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
  const [queueError, storeError] = await Promise.all([
    catchError(queue.ping()),
    // No object has this key. Any answer shows that the store works.
    catchError(withStoreDeadline(STORE_PROBE_MS, (signal) => store.head('probe/ready', { signal }))),
  ]);
  const checks = { queue: toCheck(queueError), store: toCheck(storeError) };
  const ready = checks.queue === 'ok' && checks.store === 'ok';
  const denied =
    queueError instanceof EngineError &&
    (queueError.code === 'unauthorized' || queueError.code === 'forbidden');
  return { ready, checks, ...(denied ? { reason: `queue engine: ${queueError.message}` } : {}) };
}

const catchError = (probe: Promise<unknown>): Promise<unknown> =>
  probe.then(
    () => undefined,
    (error: unknown) => error,
  );

const toCheck = (error: unknown): 'ok' | 'unavailable' => (error === undefined ? 'ok' : 'unavailable');
