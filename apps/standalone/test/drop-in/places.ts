import { parseSettings } from '@darkroom/shared/config';
import { createApiKey, formatApiKey } from '@darkroom/shared/keys';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, tempDir } from '@darkroom/testkit';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { type House, openHouse } from '../../src/compose.ts';

/** Somewhere that speaks the provider's API. */
export interface Place {
  url: string;
  key: string;
}

/** Darkroom with a key, all of it in this process: worker, embedded queue, folder, simulated provider. */
export async function openOurs(): Promise<Place & { house: House }> {
  const { text, sha256 } = createApiKey();
  const entry = formatApiKey({ tenant: 'shop', roles: ['enqueue', 'read'], sha256 });
  const settings = {
    ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent', API_KEYS: entry }),
    PORT: 0,
    WORKER_PORT: 0,
  };
  const house = await openHouse({ settings, secrets: [text], clock: systemClock, fast: true });
  cleanup(() => house.close());
  return { url: house.producer.url, key: text, house };
}

/** The provider itself, as far as it can be had. @param taskMs how long its pictures take */
export async function openTheirs(taskMs: number): Promise<Place & { simulator: Simulator }> {
  const latency = { minMs: taskMs, p50Ms: taskMs, p95Ms: taskMs, maxMs: taskMs };
  const simulator = await startSimulator({ seed: 7, latency });
  cleanup(() => simulator.close());
  return { url: simulator.url, key: simulator.apiKey, simulator };
}
