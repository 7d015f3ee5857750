import { shareRuns } from '../../runtime/index.ts';
import { EngineError } from '../engine.ts';
import { withTimeout } from '../errors.ts';
import { type RedisConnection, waitUntilReady } from './connections.ts';
import { parseInfo } from './facts.ts';

export interface WriteSyncOptions {
  /** Opens a connection for this alone: WAITAOF blocks its connection. */
  open(): RedisConnection;
  prefix: string;
  /** How long Redis may take to write its append-only file to the disk. With `appendfsync everysec` it takes up to 1 s. */
  timeoutMs: number;
}

/** Lets the answer to WAITAOF arrive when Redis itself has reached the time limit. */
const ANSWER_MS = 500;

/**
 * Waits until Redis has written its append-only file to the disk. A caller that comes while a WAITAOF is under way waits
 * for the next one, because that one covers the caller's writes.
 */
export function createWriteSync({ open, prefix, timeoutMs }: WriteSyncOptions): () => Promise<void> {
  let connection: RedisConnection | undefined;
  return shareRuns(async () => {
    connection ??= open();
    const limitMs = timeoutMs + ANSWER_MS;
    await withTimeout(limitMs, 'WAITAOF', syncOnce(connection, `${prefix}:sync`, timeoutMs, limitMs));
  });
}

async function syncOnce(connection: RedisConnection, key: string, timeoutMs: number, limitMs: number) {
  await waitUntilReady(connection, AbortSignal.timeout(limitMs));
  // WAITAOF waits for the last write of its own connection, so it needs one that is later than the caller's. The key
  // also sends both commands to the node of a cluster that has the queues.
  const pipeline = connection.pipeline();
  pipeline.set(key, '1', 'PX', 60_000);
  pipeline.call('WAITAOF', '1', '0', String(timeoutMs));
  const [written, synced] = (await pipeline.exec()) ?? [];
  if (written?.[0]) throw written[0];
  if (synced?.[0]) throw await explainRefusal(connection, key, synced[0]);
  const [local = 0] = (synced?.[1] ?? []) as number[];
  if (local < 1)
    throw new EngineError('unavailable', `Redis did not write to its disk within ${timeoutMs} ms.`);
}

/** Why this Redis refuses WAITAOF. */
async function explainRefusal(connection: RedisConnection, key: string, cause: Error): Promise<Error> {
  if (/unknown command/i.test(cause.message)) {
    const info = parseInfo(String(await connection.eval("return redis.call('INFO', 'server')", 1, key)));
    return new EngineError('unsupported', `Redis ${info.get('redis_version') ?? 'without WAITAOF'}`, {
      cause,
    });
  }
  if (/appendonly is disabled/i.test(cause.message))
    return new EngineError('unsupported', 'a Redis whose append-only file is off (appendonly no)', { cause });
  return cause;
}
