import { Cluster } from 'ioredis';
import type { RedisConnection } from './connections.ts';

/** What an operator should change at this Redis. Reads INFO only, because managed services refuse CONFIG. */
export async function readRedisAdvice(connection: RedisConnection): Promise<string[]> {
  const nodes = connection instanceof Cluster ? connection.nodes('master') : [connection];
  const texts = await Promise.all(nodes.map((node) => node.info()));
  return [...new Set(texts.flatMap((text) => listAdvice(parseInfo(text))))];
}

export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** The advice for the INFO of one node. Pure. */
export function listAdvice(info: Map<string, string>): string[] {
  const advice: string[] = [];
  const policy = info.get('maxmemory_policy');
  if (policy && policy !== 'noeviction') {
    advice.push(
      `maxmemory-policy is ${policy}: Redis deletes jobs when memory runs out. Set it to noeviction.`,
    );
  }
  if (info.get('aof_enabled') === '0') {
    advice.push(
      'The append-only file is off: a crash of Redis loses accepted jobs. Set appendonly to yes and appendfsync to everysec.',
    );
  }
  if (info.get('aof_last_write_status') === 'err') {
    advice.push('The last write to the append-only file failed: check the disk of the Redis server.');
  }
  // Valkey and Dragonfly report an old redis_version for compatibility. All of their own versions are new enough.
  const version = info.get('redis_version');
  const isOtherServer = info.has('valkey_version') || info.has('dragonfly_version');
  if (version && !isOtherServer && isOlderThan(version, 6, 2)) {
    advice.push(`Redis ${version} is too old: use 6.2 or later, and 7.2 or later if possible.`);
  }
  const hz = Number(info.get('configured_hz') ?? info.get('hz'));
  if (hz > 0 && hz < 50) {
    advice.push(`hz is ${hz}: delayed jobs start up to ${Math.round(1_000 / hz)} ms late. Set hz to 100.`);
  }
  const role = info.get('role');
  if (role && role !== 'master') {
    advice.push(
      `This Redis is a ${role === 'slave' ? 'replica' : role}: it refuses writes. Set QUEUE_URL to the master.`,
    );
  }
  return advice;
}

function isOlderThan(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}
