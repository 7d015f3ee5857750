import { Cluster } from 'ioredis';
import type { EngineAdvice, EngineFacts } from '../engine.ts';
import type { RedisConnection } from './connections.ts';

/** Reads INFO only, because managed services refuse CONFIG. Of a cluster: the first master, and the advice for all. */
export async function readRedisFacts(connection: RedisConnection): Promise<EngineFacts> {
  const texts = await Promise.all(listMasters(connection).map((node) => node.info()));
  const infos = texts.map(parseInfo);
  const advice = new Map(infos.flatMap(listAdvice).map((one) => [one.text, one]));
  return { ...describeServer(infos[0] ?? new Map()), advice: [...advice.values()] };
}

/** Unix milliseconds. Of a cluster: the first master. */
export async function readRedisTime(connection: RedisConnection): Promise<number> {
  const [seconds = 0, micros = 0] = (await listMasters(connection)[0]?.time()) ?? [];
  return Number(seconds) * 1000 + Number(micros) / 1000;
}

const listMasters = (connection: RedisConnection) =>
  connection instanceof Cluster ? connection.nodes('master') : [connection];

export function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** The facts in the INFO of one node, without advice. */
function describeServer(info: Map<string, string>): Omit<EngineFacts, 'advice'> {
  const other = ['valkey', 'dragonfly'].find((name) => info.has(`${name}_version`));
  const policy = info.get('maxmemory_policy');
  const file = info.get('aof_enabled');
  return {
    server: other ? `${other} ${info.get(`${other}_version`)}` : `Redis ${info.get('redis_version') ?? '?'}`,
    ...(policy === undefined ? {} : { evictionPolicy: policy }),
    ...(file === undefined ? {} : { appendOnly: file === '1' }),
  };
}

/** The advice for the INFO of one node. Pure. */
export function listAdvice(info: Map<string, string>): EngineAdvice[] {
  const advice: EngineAdvice[] = [];
  const add = (topic: EngineAdvice['topic'], text: string) => void advice.push({ topic, text });
  const policy = info.get('maxmemory_policy');
  if (policy && policy !== 'noeviction') {
    add(
      'eviction',
      `maxmemory-policy is ${policy}: Redis deletes jobs when memory runs out. Set it to noeviction.`,
    );
  }
  if (info.get('aof_enabled') === '0') {
    add(
      'persistence',
      'The append-only file is off: a crash of Redis loses accepted jobs. Set appendonly to yes and appendfsync to everysec.',
    );
  }
  if (info.get('aof_last_write_status') === 'err') {
    add('persistence', 'The last write to the append-only file failed: check the disk of the Redis server.');
  }
  // Valkey and Dragonfly report an old redis_version for compatibility. All of their own versions are new enough.
  const version = info.get('redis_version');
  const isOtherServer = info.has('valkey_version') || info.has('dragonfly_version');
  if (version && !isOtherServer && isOlderThan(version, 6, 2)) {
    add('version', `Redis ${version} is too old: use 6.2 or later, and 7.2 or later if possible.`);
  }
  const hz = Number(info.get('configured_hz') ?? info.get('hz'));
  if (hz > 0 && hz < 50) {
    add('timers', `hz is ${hz}: delayed jobs start up to ${Math.round(1_000 / hz)} ms late. Set hz to 100.`);
  }
  const role = info.get('role');
  if (role && role !== 'master') {
    add(
      'role',
      `This Redis is a ${role === 'slave' ? 'replica' : role}: it refuses writes. Set QUEUE_URL to the master.`,
    );
  }
  return advice;
}

function isOlderThan(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a < major || (a === major && b < minor);
}
