import type { Leases } from '../engine.ts';
import type { RedisConnection } from './connections.ts';

/** KEYS: the lease. ARGV: owner, milliseconds; 0 releases it. */
const SCRIPT = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
`;

/** {@link Leases} in Redis, by its clock. */
export function createRedisLeases(
  connection: RedisConnection,
  prefix: string,
  failFast: <T>(command: string, work: Promise<T>) => Promise<T>,
): Leases {
  const run = async (name: string, owner: string, ms: number) =>
    (await failFast('EVAL', connection.eval(SCRIPT, 1, `${prefix}:leases:${name}`, owner, ms))) === 1;
  return {
    hold: run,
    release: async (name, owner) => {
      await run(name, owner, 0);
    },
  };
}
