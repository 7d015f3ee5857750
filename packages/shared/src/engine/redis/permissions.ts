import { EngineError } from '../engine.ts';
import { isAccessDenied } from '../errors.ts';
import type { RedisConnection } from './connections.ts';

/**
 * The commands that BullMQ, its scripts and the counters send, each with arguments that do no harm. `KEY` is a key that
 * no queue uses. A subcommand is written with a space.
 */
const COMMANDS: Record<string, readonly (string | number)[]> = {
  ping: [],
  info: [],
  time: [],
  'client setname': ['NAME'],
  eval: ['return 0', 0],
  evalsha: ['0'.repeat(40), 0],
  'script exists': ['0'.repeat(40)],
  'script load': ['return 0'],
  // The answer is an error, because no transaction is open.
  exec: [],
  type: ['KEY'],
  exists: ['KEY'],
  expire: ['KEY', 1],
  persist: ['KEY'],
  pexpire: ['KEY', 1_000],
  pexpireat: ['KEY', 1],
  pttl: ['KEY'],
  rename: ['KEY', 'KEY'],
  get: ['KEY'],
  set: ['KEY', 0, 'PX', 1_000],
  incr: ['KEY'],
  incrby: ['KEY', 1],
  hdel: ['KEY', 'field'],
  hexists: ['KEY', 'field'],
  hget: ['KEY', 'field'],
  hgetall: ['KEY'],
  hincrby: ['KEY', 'field', 1],
  hlen: ['KEY'],
  hmget: ['KEY', 'field'],
  hmset: ['KEY', 'field', 0],
  hset: ['KEY', 'field', 0],
  lindex: ['KEY', 0],
  llen: ['KEY'],
  lpop: ['KEY'],
  lpos: ['KEY', 'item'],
  lpush: ['KEY', 'item'],
  lrange: ['KEY', 0, 0],
  lrem: ['KEY', 0, 'item'],
  lset: ['KEY', 0, 'item'],
  ltrim: ['KEY', 0, 0],
  rpop: ['KEY'],
  rpoplpush: ['KEY', 'KEY'],
  rpush: ['KEY', 'item'],
  sadd: ['KEY', 'item'],
  scard: ['KEY'],
  sismember: ['KEY', 'item'],
  smembers: ['KEY'],
  srem: ['KEY', 'item'],
  bzpopmin: ['KEY', 0.001],
  zadd: ['KEY', 0, 'item'],
  zcard: ['KEY'],
  zcount: ['KEY', 0, 0],
  zlexcount: ['KEY', '-', '+'],
  zpopmin: ['KEY'],
  zrange: ['KEY', 0, 0],
  zrangebylex: ['KEY', '-', '+'],
  zrangebyscore: ['KEY', 0, 0],
  zrem: ['KEY', 'item'],
  zremrangebyrank: ['KEY', 0, 0],
  zremrangebyscore: ['KEY', 0, 0],
  zrevrange: ['KEY', 0, 0],
  zrevrangebyscore: ['KEY', 0, 0],
  zscore: ['KEY', 'item'],
  xadd: ['KEY', '*', 'field', 0],
  xdel: ['KEY', '0-1'],
  xlen: ['KEY'],
  xrange: ['KEY', '-', '+'],
  xread: ['STREAMS', 'KEY', '0'],
  xtrim: ['KEY', 'MAXLEN', 0],
  unlink: ['KEY'],
  del: ['KEY'],
};

/** The names of {@link COMMANDS}. `multi` cannot be tried: without a permitted `discard` it would stay open. */
export const REQUIRED_COMMANDS: readonly string[] = Object.keys(COMMANDS);

/**
 * Tries every command that the queues need. BullMQ finds a denied command only when it uses it: a worker then fetches no
 * job, or loses one.
 *
 * @throws {EngineError} `forbidden`, with the ACL rule to add.
 */
export async function assertPermissions(
  connection: RedisConnection,
  user: { name: string; prefix: string; connectionName: string },
): Promise<void> {
  const values: Record<string, string> = { KEY: `${user.prefix}:access-check`, NAME: user.connectionName };
  const commands: string[] = [];
  let keysDenied = false;
  const tries = Object.entries(COMMANDS).map(async ([name, args]) => {
    const [command = '', ...subcommand] = name.split(' ');
    try {
      await connection.call(command, ...subcommand, ...args.map((arg) => values[arg] ?? arg));
    } catch (error) {
      // Any other answer shows that the command is permitted: `KEY` mostly holds another type.
      if (!isAccessDenied(error)) return;
      if (/\bkeys?\b/.test((error as Error).message)) keysDenied = true;
      else commands.push(name);
    }
  });
  await Promise.all(tries);
  if (commands.length === 0 && !keysDenied) return;
  const rule = [
    ...(keysDenied ? [`~${user.prefix}:*`] : []),
    ...commands.map((name) => `+${name.replace(' ', '|')}`),
  ];
  const denied = [
    ...(commands.length > 0 ? [`the commands ${commands.join(', ')}`] : []),
    ...(keysDenied ? [`the keys ${user.prefix}:*`] : []),
  ];
  throw new EngineError(
    'forbidden',
    `Redis denies ${denied.join(' and ')} to the user ${user.name} of QUEUE_URL. ` +
      `Add the permissions: ACL SETUSER ${user.name} ${rule.join(' ')}`,
  );
}
