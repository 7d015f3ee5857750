import { type Clock, realClock } from './clock.ts';
import type { FaultRule } from './faults/index.ts';
import { type Micros, toMicros } from './money.ts';
import { DEFAULT_QUOTA, type Quota } from './quota.ts';
import type { RequestRecord } from './requests.ts';
import { DEFAULT_LATENCY, type Latency, type Resolution } from './tasks/index.ts';
import type { WebhookTarget } from './webhooks/index.ts';

export interface SimulatorOptions {
  /** @default 0, any free port */
  port?: number;
  /** @default 127.0.0.1 */
  host?: string;
  /** All keys belong to one account. @default ['sim-key'] */
  apiKeys?: string[];
  /**
   * Multiplies all provider time: latencies, durations of faults, webhook retries. 0.02 is 50 times faster.
   * The quota and the expiry of results stay in real time. @default 1
   */
  timeScale?: number;
  /** Makes ids, latencies and faults reproducible. @default random */
  seed?: number;
  /** Provider time, before `timeScale`. 2K takes 1.4 times and 4K 2 times as long, within min and max. */
  latency?: Latency;
  /** null means no limit. @default the provider's default group */
  quota?: Quota | null;
  /** Real milliseconds, not scaled. @default 24 hours */
  resultTtlMs?: number;
  /** Dollars for one image. @default 0.025, 0.030, 0.040 */
  prices?: Record<Resolution, number>;
  /** Dollars. @default unlimited */
  balance?: number;
  /** Folder for purchases, tasks and uploads; the next start continues with them. @default in memory */
  dataDir?: string;
  webhook?: WebhookTarget;
  faults?: readonly FaultRule[];
  /** Tasks complete immediately, and every result is the same small PNG. @default false */
  instant?: boolean;
  /** The share of PNG results; the others are JPEG. @default 0 */
  pngShare?: number;
  /** The public base of result and upload URLs. @default the server's own address */
  resultHost?: string;
  /** Called after the end of every request. */
  onRequest?: (request: RequestRecord) => void;
  /** @default the real clock */
  clock?: Clock;
  /** Sends the webhooks. @default the global fetch */
  fetch?: typeof fetch;
}

export interface Settings {
  port: number;
  host: string;
  apiKeys: readonly string[];
  timeScale: number;
  seed: number;
  latency: Latency;
  quota: Quota | null;
  resultTtlMs: number;
  prices: Record<Resolution, Micros>;
  balance: Micros | null;
  dataDir: string | undefined;
  webhook: WebhookTarget | undefined;
  faults: readonly FaultRule[];
  instant: boolean;
  pngShare: number;
  resultHost: string | undefined;
  onRequest: ((request: RequestRecord) => void) | undefined;
  clock: Clock;
  fetch: typeof fetch;
}

const DAY_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_PRICES: Record<Resolution, number> = { '1K': 0.025, '2K': 0.03, '4K': 0.04 };

/** Applies the defaults. `seed` is used if the options have none. */
export function resolveSettings(options: SimulatorOptions, seed: number): Settings {
  const prices = options.prices ?? DEFAULT_PRICES;
  return {
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    apiKeys: options.apiKeys ?? ['sim-key'],
    timeScale: options.timeScale ?? 1,
    seed: options.seed ?? seed,
    latency: options.latency ?? DEFAULT_LATENCY,
    quota: options.quota === undefined ? DEFAULT_QUOTA : options.quota,
    resultTtlMs: options.resultTtlMs ?? DAY_MS,
    prices: { '1K': toMicros(prices['1K']), '2K': toMicros(prices['2K']), '4K': toMicros(prices['4K']) },
    balance: options.balance === undefined ? null : toMicros(options.balance),
    dataDir: options.dataDir,
    webhook: options.webhook,
    faults: options.faults ?? [],
    instant: options.instant ?? false,
    pngShare: options.pngShare ?? 0,
    resultHost: options.resultHost?.replace(/\/+$/, ''),
    onRequest: options.onRequest,
    clock: options.clock ?? realClock,
    fetch: options.fetch ?? fetch,
  };
}
