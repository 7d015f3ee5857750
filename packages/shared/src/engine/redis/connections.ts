import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import type { QueueTarget } from '../queue-url.ts';

export type RedisConnection = Redis | Cluster;

/** Milliseconds until the next try to connect. There is no last try; the connection is back at most 2 s after Redis. */
const nextRetryDelay = (times: number) => Math.min(times * 200, 2_000);

/**
 * - `fail-fast`: for queues. A command that cannot be sent now, or whose connection breaks, rejects.
 * - `wait`: for workers. Commands wait until Redis is back.
 */
export type ConnectionMode = 'fail-fast' | 'wait';

export function openConnection(target: QueueTarget, mode: ConnectionMode, name: string): RedisConnection {
  const common = {
    ...(target.username ? { username: target.username } : {}),
    ...(target.password ? { password: target.password } : {}),
    ...(target.tls ? { tls: {} } : {}),
    connectionName: name,
    connectTimeout: 5_000,
    // 0: commands in flight reject when the connection breaks. null: they are sent again.
    maxRetriesPerRequest: mode === 'fail-fast' ? 0 : null,
    // After a failover, the old master refuses writes until the client resolves the address again.
    reconnectOnError: (error: Error) => (error.message.startsWith('READONLY') ? 2 : false),
  } satisfies RedisOptions;
  const enableOfflineQueue = mode === 'wait';

  switch (target.kind) {
    case 'single':
      return new Redis({
        ...common,
        ...target.address,
        db: target.db,
        retryStrategy: nextRetryDelay,
        enableOfflineQueue,
      });
    case 'sentinel':
      return new Redis({
        ...common,
        sentinels: target.sentinels,
        name: target.master,
        db: target.db,
        ...(target.sentinelUsername ? { sentinelUsername: target.sentinelUsername } : {}),
        ...(target.sentinelPassword ? { sentinelPassword: target.sentinelPassword } : {}),
        ...(target.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
        sentinelRetryStrategy: nextRetryDelay,
        retryStrategy: nextRetryDelay,
        enableOfflineQueue,
      });
    case 'cluster':
      return new Cluster(target.nodes, {
        redisOptions: common,
        clusterRetryStrategy: nextRetryDelay,
        enableOfflineQueue,
        slotsRefreshTimeout: 3_000,
        // Certificates contain host names. If the client resolved them here, TLS would check an address instead.
        ...(target.tls ? { dnsLookup: (host, done) => done(null, host) } : {}),
      } satisfies ClusterOptions);
  }
}

/** Resolves when the connection is usable; rejects only with the signal's reason. */
export async function waitUntilReady(connection: RedisConnection, signal: AbortSignal): Promise<void> {
  if (connection.status === 'ready') return;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ready = () => resolve();
  const abort = () => reject(signal.reason);
  connection.once('ready', ready);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await promise;
  } finally {
    connection.off('ready', ready);
    signal.removeEventListener('abort', abort);
  }
}
