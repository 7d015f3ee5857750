import type { Redis } from 'ioredis';

/** The work of a Redis since its start. */
export interface RedisWork {
  /** Executed commands, including those inside scripts. */
  commands: number;
  scripts: number;
  bytesIn: number;
  bytesOut: number;
  cpuMs: number;
}

export async function readRedisWork(redis: Redis): Promise<RedisWork> {
  const text = await redis.call('INFO', 'stats', 'cpu', 'commandstats').then(String);
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? 0);
  const calls = (name: string) =>
    Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    commands: field('total_commands_processed'),
    scripts: calls('evalsha') + calls('eval'),
    bytesIn: field('total_net_input_bytes'),
    bytesOut: field('total_net_output_bytes'),
    cpuMs: (field('used_cpu_user') + field('used_cpu_sys')) * 1000,
  };
}

/** The work between two readings, minus `times` times `noise`. */
export function subtractWork(before: RedisWork, after: RedisWork, noise?: RedisWork, times = 0): RedisWork {
  const part = (key: keyof RedisWork) => after[key] - before[key] - (noise?.[key] ?? 0) * times;
  return {
    commands: part('commands'),
    scripts: part('scripts'),
    bytesIn: part('bytesIn'),
    bytesOut: part('bytesOut'),
    cpuMs: part('cpuMs'),
  };
}

/**
 * Memory of the keys below a prefix, by queue. Events streams are counted separately, because they are capped and do
 * not grow with the number of jobs. Unlike `used_memory`, these numbers include no buffers.
 */
export interface KeyBytes {
  queues: Record<string, number>;
  events: number;
}

export async function measureKeyBytes(redis: Redis, prefix: string): Promise<KeyBytes> {
  const found: KeyBytes = { queues: {}, events: 0 };
  for (const keys of await scanKeys(redis, prefix)) {
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.call('MEMORY', 'USAGE', key, 'SAMPLES', '0');
    const sizes = (await pipeline.exec()) ?? [];
    keys.forEach((key, index) => {
      const size = Number(sizes[index]?.[1] ?? 0);
      const [queue = '', rest = ''] = key.slice(prefix.length + 1).split(':');
      if (rest === 'events') found.events += size;
      else found.queues[queue] = (found.queues[queue] ?? 0) + size;
    });
  }
  return found;
}

/** Removes all keys below a prefix: the Redis may belong to other programs. */
export async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for (const keys of await scanKeys(redis, prefix)) await redis.unlink(...keys);
}

async function scanKeys(redis: Redis, prefix: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let cursor = '0'; ; ) {
    const [next, keys] = await redis.scan(cursor, 'MATCH', `${prefix}:*`, 'COUNT', 1000);
    if (keys.length > 0) pages.push(keys);
    cursor = next;
    if (cursor === '0') return pages;
  }
}
