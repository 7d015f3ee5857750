import type { Random } from '../random.ts';
import type { Resolution } from './task.ts';

/** Provider time in milliseconds. */
export interface Latency {
  minMs: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

/** 5-30 s are typical, 90 s the tail. */
export const DEFAULT_LATENCY: Latency = { minMs: 5_000, p50Ms: 12_000, p95Ms: 30_000, maxMs: 90_000 };

/** The standard normal's 95th percentile. */
const Z95 = 1.6449;
const SLOWER: Record<Resolution, number> = { '1K': 1, '2K': 1.4, '4K': 2 };
const SLOWER_WITH_4K_INLINE = 1.25;

/** One task's time in provider milliseconds: log-normal through p50 and p95, clipped to min and max. */
export function drawLatency(
  latency: Latency,
  task: { resolution: Resolution; inlineImages: boolean },
  random: Random,
): number {
  const sigma = Math.log(Math.max(1, latency.p95Ms / Math.max(1, latency.p50Ms))) / Z95;
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const inline = task.resolution === '4K' && task.inlineImages ? SLOWER_WITH_4K_INLINE : 1;
  const drawn = latency.p50Ms * Math.exp(sigma * normal) * SLOWER[task.resolution] * inline;
  return Math.min(latency.maxMs, Math.max(latency.minMs, drawn));
}
