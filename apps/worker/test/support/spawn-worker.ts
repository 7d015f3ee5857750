import { fileURLToPath } from 'node:url';
import { type NodeProcess, spawnNode } from '@darkroom/testkit';
import type { Harness } from './harness.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const HANGING_MAIN = fileURLToPath(new URL('./hanging-worker.ts', import.meta.url));

/** Starts a worker that hangs at a point, until it is killed. */
export const spawnHangingWorker = (harness: Harness, before: 'receipt' | 'count' | 'journal'): NodeProcess =>
  spawnWorker(harness, { HANG_BEFORE: before }, HANGING_MAIN);

/** Starts a worker in its own process, on the queues and the store of the harness. */
export function spawnWorker(harness: Harness, env: Record<string, string> = {}, main = MAIN): NodeProcess {
  const { QUEUE_URL, DATA_DIR } = harness.settings;
  return spawnNode(main, {
    name: 'worker',
    env: {
      QUEUE_URL,
      DATA_DIR,
      QUEUE_PREFIX: harness.prefix,
      STORE_URL: harness.store.url,
      TOAPIS_BASE_URL: harness.simulator.url,
      TOAPIS_API_KEY: harness.simulator.apiKey,
      WORKER_PORT: '0',
      EXPECTED_LATENCY_MS: '100',
      LOCK_DURATION_MS: '1000',
      UNKNOWN_GRACE_MS: '300',
      ...env,
    },
  });
}
