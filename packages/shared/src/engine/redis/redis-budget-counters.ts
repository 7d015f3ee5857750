import type {
  BudgetCounters,
  BudgetMove,
  CountedDays,
  CountedPurchase,
  Reservation,
} from '../budget-counters.ts';
import type { RedisConnection } from './connections.ts';

/** Purchases move within two days. */
const PURCHASES_MS = 3 * 86_400_000;
/** Sums that nothing changes for this time are imported again. */
const SUMS_MS = 40 * 86_400_000;
const READY = 'ready';
/** Purchases in one call of the script. */
const BATCH = 200;
const SCAN_PAGE = 1_000;

/**
 * KEYS: sums, purchases of the day, purchases of the day before. All have the prefix of the queues, so in a cluster they
 * share its hash tag. ARGV: move, purchases as JSON, how long both kinds of keys live.
 */
const SCRIPT = `
local move = ARGV[1]
if move == 'reserve' and redis.call('HGET', KEYS[1], '${READY}') ~= '1' then return -1 end
local function add(name, micros)
  redis.call('HINCRBY', KEYS[1], name, string.format('%d', micros))
end
for _, purchase in ipairs(cjson.decode(ARGV[2])) do
  local place = KEYS[2]
  local known = redis.call('HGET', KEYS[2], purchase.id)
  if not known then
    known = redis.call('HGET', KEYS[3], purchase.id)
    if known then place = KEYS[3] end
  end
  local counted = tonumber(known or '0')
  if move == 'release' then
    for _, budget in ipairs(purchase.budgets) do
      if counted > 0 then add(place == KEYS[2] and budget.sum or budget.sumBefore, -counted) end
    end
    redis.call('HSET', place, purchase.id, '0')
  elseif counted == 0 and not (known and move == 'import') then
    if move == 'reserve' then
      for index, budget in ipairs(purchase.budgets) do
        local sum = tonumber(redis.call('HGET', KEYS[1], budget.sum) or '0')
        if sum + purchase.micros > budget.limitMicros then return index end
      end
    end
    for _, budget in ipairs(purchase.budgets) do add(budget.sum, purchase.micros) end
    redis.call('HSET', KEYS[2], purchase.id, string.format('%d', purchase.micros))
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 0
`;

/** {@link BudgetCounters} in Redis: one Lua script. */
export function createRedisBudgetCounters(
  connection: RedisConnection,
  prefix: string,
  failFast: <T>(command: string, work: Promise<T>) => Promise<T>,
): BudgetCounters {
  const sumsKey = (generation: string) => `${prefix}:budgets:${generation}:sums`;
  const run = async (
    generation: string,
    { day, dayBefore }: CountedDays,
    move: BudgetMove,
    purchases: readonly CountedPurchase[],
  ): Promise<number> => {
    const keys = [
      sumsKey(generation),
      ...[day, dayBefore].map((one) => `${prefix}:budgets:${generation}:${one}`),
    ];
    // An empty table of Lua's JSON is an object, which ipairs takes, too.
    const args = [move, JSON.stringify(purchases), PURCHASES_MS, SUMS_MS];
    return Number(await failFast('EVAL', connection.eval(SCRIPT, keys.length, ...keys, ...args)));
  };
  return {
    async reserve(generation, days, purchase): Promise<Reservation> {
      const answer = await run(generation, days, 'reserve', [purchase]);
      if (answer === 0) return { kind: 'reserved' };
      return answer < 0 ? { kind: 'not_ready' } : { kind: 'over', index: answer - 1 };
    },
    async move(generation, days, move, purchases) {
      for (let at = 0; at < purchases.length; at += BATCH)
        await run(generation, days, move, purchases.slice(at, at + BATCH));
    },
    isReady: async (generation) =>
      (await failFast('HGET', connection.hget(sumsKey(generation), READY))) === '1',
    async markReady(generation) {
      await failFast('HSET', connection.hset(sumsKey(generation), READY, '1'));
      await failFast('PEXPIRE', connection.pexpire(sumsKey(generation), SUMS_MS));
    },
    async listPurchases(generation, day) {
      const found = new Map<string, number>();
      for (let cursor = '0'; ; ) {
        const page = connection.hscan(`${prefix}:budgets:${generation}:${day}`, cursor, 'COUNT', SCAN_PAGE);
        const [next, fields] = await failFast('HSCAN', page);
        for (let at = 0; at < fields.length; at += 2) found.set(fields[at] as string, Number(fields[at + 1]));
        if (next === '0') return found;
        cursor = next;
      }
    },
    async reset(generation, { day, dayBefore }) {
      const keys = [day, dayBefore].map((one) => `${prefix}:budgets:${generation}:${one}`);
      await failFast('DEL', connection.del(sumsKey(generation), ...keys));
    },
    async readSums(generation, names) {
      if (names.length === 0) return [];
      const values = await failFast('HMGET', connection.hmget(sumsKey(generation), ...names));
      return values.map((value) => Number(value ?? 0));
    },
  };
}
