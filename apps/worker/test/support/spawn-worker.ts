import { fileURLToPath } from 'node:url';
import { type NodeProcess, spawnNode } from '@darkroom/testkit';
import type { Rig } from './harness.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A worker in a process of its own, on the rig's queues and store. */
export function spawnWorker(rig: Rig, env: Record<string, string> = {}): NodeProcess {
  const { QUEUE_URL, DATA_DIR } = rig.settings;
  return spawnNode(MAIN, {
    name: 'worker',
    env: {
      QUEUE_URL,
      DATA_DIR,
      QUEUE_PREFIX: rig.prefix,
      STORE_URL: rig.store.url,
      TOAPIS_BASE_URL: rig.simulator.url,
      TOAPIS_API_KEY: rig.simulator.apiKey,
      WORKER_PORT: '0',
      EXPECTED_LATENCY_MS: '100',
      LOCK_DURATION_MS: '1000',
      UNKNOWN_GRACE_MS: '300',
      ...env,
    },
  });
}
