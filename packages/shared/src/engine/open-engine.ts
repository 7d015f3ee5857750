import { type Clock, systemClock } from '../runtime/index.ts';
import { type Engine, EngineError } from './engine.ts';
import { createErrorReport, type OnEngineError } from './error-report.ts';
import { openPgliteEngine } from './pglite/index.ts';
import { parseQueueUrl } from './queue-url.ts';
import { openRedisEngine } from './redis/index.ts';

export interface OpenEngineOptions {
  /** See `parseQueueUrl` for the forms. Absent: the embedded engine in `dataDir`. */
  queueUrl?: string | undefined;
  /** The embedded engine keeps its files in `<dataDir>/queue`. */
  dataDir: string;
  /** The role of this process. It names the connections. */
  role: 'producer' | 'worker' | 'both' | 'cli';
  /**
   * Separates deployments that share a Redis. It is put in braces, so that all keys of one deployment are in one slot of
   * a Redis Cluster. A single server has the same braces, so that a move to a cluster renames no key. The embedded
   * engine has its own folder and ignores the prefix.
   * @default 'darkroom'
   */
  prefix?: string | undefined;
  /** Called for errors that belong to no call: at most once per place and message in 10 s, without credentials. */
  onError: OnEngineError;
  /**
   * Time limit of one operation of a queue, after which it rejects with `unavailable`. Bulk operations have five times
   * as long. Redis only.
   * @default 2000
   */
  operationTimeoutMs?: number | undefined;
  /**
   * How long `close` waits for running jobs.
   * @default 5000
   */
  closeTimeoutMs?: number | undefined;
  /** @default the system clock */
  clock?: Clock | undefined;
}

/**
 * Opens the queue engine. With a Redis URL this also succeeds while Redis is away, after at most `operationTimeoutMs`.
 * Until Redis answers, queues reject with EngineError `unavailable`, and workers wait.
 *
 * @throws EngineError `unsupported` for a URL that no engine takes, `locked` when another process uses `dataDir`,
 * `forbidden` when Redis answers and denies what the queues need.
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
  // When Redis is up, the first `add` must not fail only because the connection is not open yet.
  await engine.ping(operationTimeoutMs).catch(async (error: unknown) => {
    // A wrong password is no reason to stop: an operator may be changing it.
    if (!(error instanceof EngineError) || error.code !== 'forbidden') return;
    await engine.close();
    throw error;
  });
  return engine;
}

function addHashTag(prefix: string): string {
  return /\{.+\}/.test(prefix) ? prefix : `{${prefix}}`;
}
