import { createApiKey } from '@darkroom/shared/keys';
import { cleanup } from '@darkroom/testkit';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import type { RunningDarkroom } from '../../src/compose.ts';
import { openDarkroom } from './open-darkroom.ts';

/** A server that speaks the provider's API. */
export interface Endpoint {
  url: string;
  key: string;
}

/** Darkroom, which requires a key. */
export async function openOurs(): Promise<Endpoint & { darkroom: RunningDarkroom }> {
  const { text, sha256 } = createApiKey();
  const key = { tenant: 'shop', roles: ['enqueue' as const, 'read' as const], sha256 };
  const darkroom = await openDarkroom({ API_KEYS: [key] }, { secrets: [text] });
  return { url: darkroom.producer.url, key: text, darkroom };
}

/** The simulated provider, called directly. @param taskMs how long each task takes */
export async function openTheirs(taskMs: number): Promise<Endpoint & { simulator: Simulator }> {
  const latency = { minMs: taskMs, p50Ms: taskMs, p95Ms: taskMs, maxMs: taskMs };
  const simulator = await startSimulator({ seed: 7, latency });
  cleanup(() => simulator.close());
  return { url: simulator.url, key: simulator.apiKey, simulator };
}
