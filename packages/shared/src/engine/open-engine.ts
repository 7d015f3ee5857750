import { type Clock, systemClock } from '../runtime/clock.ts';
import type { Engine } from './engine.ts';
import { createErrorReport, type OnEngineError } from './error-report.ts';
import { openPgliteEngine } from './pglite/pglite-engine.ts';
import { parseQueueUrl } from './queue-url.ts';
import { openRedisEngine } from './redis/redis-engine.ts';

export interface OpenEngineOptions {
  /** See `parseQueueUrl` for the forms. Absent: the embedded engine in `dataDir`. */
  queueUrl?: string | undefined;
  /** The embedded engine keeps its files in `<dataDir>/queue`. */
  dataDir: string;
  /** What this process does; names its connections. */
  role: 'producer' | 'worker' | 'both';
  /**
   * Separates deployments that share a Redis. Put in braces, so that all keys of one deployment are in one slot
   * of a Redis Cluster; the same everywhere, so that moving to a cluster renames nothing. The embedded engine
   * has its folder instead.
   * @default 'darkroom'
   */
  prefix?: string | undefined;
  /** Errors that belong to no call, at most one a place and message in 10 s. Holds no credentials. */
  onError: OnEngineError;
  /**
   * What a queue may take for one operation before it rejects as `unavailable`; five times that for bulk. Redis only.
   * @default 2000
   */
  operationTimeoutMs?: number | undefined;
  /**
   * How long `close` waits for jobs in hand.
   * @default 5000
   */
  closeTimeoutMs?: number | undefined;
  /** @default the system's */
  clock?: Clock | undefined;
}

/**
 * Opens the queue engine. With a Redis URL this succeeds whether Redis is there or not, after waiting at most
 * `operationTimeoutMs` for it: until it is, queues reject with EngineError `unavailable` and workers wait.
 *
 * @throws EngineError `unsupported` for a URL that no engine takes, `locked` when another process has `dataDir`.
 */
export async function openEngine(options: OpenEngineOptions): Promise<Engine> {
  const closeTimeoutMs = options.closeTimeoutMs ?? 5_000;
  const clock = options.clock ?? systemClock;
  if (!options.queueUrl) {
    const report = createErrorReport(options.onError, [], clock);
    return await openPgliteEngine({ dataDir: options.dataDir, report, clock, closeTimeoutMs });
  }
  const target = parseQueueUrl(options.queueUrl);
  const secrets = [target.password, target.kind === 'sentinel' ? target.sentinelPassword : undefined];
  const operationTimeoutMs = options.operationTimeoutMs ?? 2_000;
  const engine = openRedisEngine({
    target,
    prefix: addHashTag(options.prefix ?? 'darkroom'),
    role: options.role,
    report: createErrorReport(
      options.onError,
      secrets.filter((secret) => secret !== undefined),
      clock,
    ),
    clock,
    operationTimeoutMs,
    closeTimeoutMs,
  });
  // Where Redis is there, the first add must not be refused because it came a moment too soon.
  await engine.ping(operationTimeoutMs).catch(() => undefined);
  return engine;
}

function addHashTag(prefix: string): string {
  return /\{.+\}/.test(prefix) ? prefix : `{${prefix}}`;
}
