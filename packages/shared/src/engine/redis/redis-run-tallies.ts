import type { RenderStatus } from '@darkroom/api';
import { randomHex } from '../../render/index.ts';
import {
  type RunClosing,
  type RunRef,
  type RunTallies,
  TALLY_MINUTES,
  TALLY_STATUSES,
  type TalliedRender,
  type TallyChange,
  type TallyState,
} from '../run-tallies.ts';
import { REMAINING_STATUSES } from '../tally-rules.ts';
import type { RedisConnection } from './connections.ts';

/** Renders in one call of the script. */
const BATCH = 500;
const SCAN_PAGE = 1_000;

/** Functions of all scripts. KEYS[1] is the run: its fields and counts. KEYS[2] has a field per render. */
const COMMON = `
local function count(field, change)
  if change ~= 0 then redis.call('HINCRBY', KEYS[1], field, string.format('%d', change)) end
end
local function remaining()
  local sum = 0
  for _, value in ipairs(redis.call('HMGET', KEYS[1], ${REMAINING_STATUSES.map((one) => `'${one}'`).join(', ')})) do
    sum = sum + tonumber(value or '0')
  end
  return sum
end
local function describe(refused)
  local run = redis.call('HMGET', KEYS[1], 'ready', 'closed', 'opening')
  return {run[1] or '', run[2] or '', run[3] or '0', tostring(remaining()), refused}
end
`;

/**
 * ARGV: change, renders as JSON. Members are `place,status,spent,refunded,possibly spent`. The rules are those of
 * `decideChange`.
 */
const CHANGE = `${COMMON}
local change = ARGV[1]
local closed = redis.call('HGET', KEYS[1], 'closed')
local refused = {}
local function add(status, amounts, sign)
  count(status, sign)
  count('spent', sign * amounts[1])
  count('refunded', sign * amounts[2])
  count('possibly', sign * amounts[3])
end
local function countMinute(minute)
  local field = 'minute' .. (minute % ${TALLY_MINUTES})
  local value = redis.call('HGET', KEYS[1], field)
  local at, ended = 0, 0
  if value then
    local first, second = string.match(value, '^(%d+),(%d+)$')
    at, ended = tonumber(first), tonumber(second)
  end
  if at > minute then return end
  if at < minute then ended = 0 end
  redis.call('HSET', KEYS[1], field, string.format('%d,%d', minute, ended + 1))
end
for _, render in ipairs(cjson.decode(ARGV[2])) do
  local value = redis.call('HGET', KEYS[2], render.id)
  local place, status, amounts
  if value then
    local a, b, c, d, e = string.match(value, '^(%d+),(%a+),(%d+),(%d+),(%d+)$')
    place, status, amounts = tonumber(a), b, {tonumber(c), tonumber(d), tonumber(e)}
  end
  if change == 'add' and not value and closed then
    table.insert(refused, render.id)
  elseif change == 'withdraw' then
    if place == 1 and status == 'queued' then
      add(status, amounts, -1)
      redis.call('HDEL', KEYS[2], render.id)
    end
  elseif not value or (change == 'move' and render.place >= place) or (change == 'fill' and render.place > place) then
    if value then add(status, amounts, -1) end
    add(render.status, render.amounts, 1)
    redis.call('HSET', KEYS[2], render.id, string.format('%d,%s,%d,%d,%d', render.place, render.status,
      render.amounts[1], render.amounts[2], render.amounts[3]))
    if render.minute and place ~= render.place then countMinute(render.minute) end
  end
end
return describe(refused)
`;

/** KEYS[3]: the revision of all runs. ARGV: the new revision, whether the run is new. */
const OPEN = `
redis.call('SET', KEYS[3], ARGV[1])
if ARGV[2] == 'true' and redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'ready', '1', 'opening', '1')
end
return 0
`;

const CLOSE = `${COMMON}
if redis.call('HGET', KEYS[1], 'closed') ~= 'canceled' then redis.call('HSET', KEYS[1], 'closed', ARGV[1]) end
return describe({})
`;

const MARK_READY = `${COMMON}
redis.call('HSET', KEYS[1], 'ready', '1', 'opening', ARGV[1])
return describe({})
`;

const FINISH = `${COMMON}
local opening = redis.call('HGET', KEYS[1], 'opening')
if opening and opening ~= ARGV[1] then return 'other' end
if remaining() > 0 then
  redis.call('HINCRBY', KEYS[1], 'opening', 1)
  return 'continues'
end
redis.call('UNLINK', KEYS[1], KEYS[2])
return 'removed'
`;

const FIND = `
local run = redis.call('HMGET', KEYS[1], 'ready', 'closed')
return {redis.call('EXISTS', KEYS[1]), run[1] or '', run[2] or '', redis.call('GET', KEYS[3]) or ''}
`;

/** {@link RunTallies} in Redis: two hashes per run, and a Lua script per change. */
export function createRedisRunTallies(
  connection: RedisConnection,
  prefix: string,
  failFast: <T>(command: string, work: Promise<T>) => Promise<T>,
): RunTallies {
  // A name of a tenant and a name of a run contain no colon.
  const runKey = ({ tenant, id }: RunRef) => `${prefix}:runs:${tenant}:${id}`;
  const evaluate = async (script: string, run: RunRef, ...args: string[]): Promise<unknown> => {
    const keys = [runKey(run), `${runKey(run)}:renders`, `${prefix}:runs`];
    return await failFast('EVAL', connection.eval(script, keys.length, ...keys, ...args));
  };
  const toState = (answer: unknown): TallyState => {
    const [ready, closed, opening, remaining, refused] = answer as [string, string, string, string, string[]];
    return {
      isReady: ready === '1',
      closed: toClosing(closed),
      opening: Number(opening),
      remaining: Number(remaining),
      refused,
    };
  };
  const change = async (run: RunRef, kind: TallyChange, renders: readonly TalliedRender[]) =>
    // An empty table of Lua's JSON is an object, which ipairs takes, too.
    toState(await evaluate(CHANGE, run, kind, JSON.stringify(renders.map(toArgument))));

  return {
    async open(run, isNew) {
      await evaluate(OPEN, run, randomHex(8), String(isNew));
    },
    async find(run) {
      const answer = (await evaluate(FIND, run)) as [number, string, string, string];
      const [exists, ready, closed, revision] = answer;
      return {
        exists: exists === 1,
        isReady: ready === '1',
        closed: toClosing(closed),
        revision: revision || undefined,
      };
    },
    async change(run, kind, renders) {
      const refused: string[] = [];
      let state = await change(run, kind, renders.slice(0, BATCH));
      refused.push(...state.refused);
      for (let at = BATCH; at < renders.length; at += BATCH) {
        state = await change(run, kind, renders.slice(at, at + BATCH));
        refused.push(...state.refused);
      }
      return { ...state, refused };
    },
    close: async (run, closing) => toState(await evaluate(CLOSE, run, closing)),
    markReady: async (run, opening) => toState(await evaluate(MARK_READY, run, String(opening))),
    async read(run) {
      const fields = await failFast('HGETALL', connection.hgetall(runKey(run)));
      if (Object.keys(fields).length === 0) return undefined;
      const read = (name: string) => Number(fields[name] ?? 0);
      const counts = TALLY_STATUSES.map((status) => [status, read(status)]);
      const minutes = Object.entries(fields)
        .filter(([name]) => name.startsWith('minute'))
        .map(([, value]) => value.split(',').map(Number) as [number, number]);
      const latest = Math.max(0, ...minutes.map(([minute]) => minute));
      return {
        isReady: fields['ready'] === '1',
        closed: toClosing(fields['closed'] ?? ''),
        opening: read('opening'),
        remaining: REMAINING_STATUSES.reduce((sum, status) => sum + read(status), 0),
        counts: Object.fromEntries(counts) as Record<RenderStatus, number>,
        spentMicros: read('spent'),
        refundedMicros: read('refunded'),
        possiblySpentMicros: read('possibly'),
        endedPerMinute: new Map(minutes.filter(([minute]) => minute > latest - TALLY_MINUTES)),
      };
    },
    async *listRenders(run, statuses) {
      for (let cursor = '0'; ; ) {
        const page = connection.hscan(`${runKey(run)}:renders`, cursor, 'COUNT', SCAN_PAGE);
        const [next, fields] = await failFast('HSCAN', page);
        const ids: string[] = [];
        for (let at = 0; at < fields.length; at += 2) {
          const [, status] = (fields[at + 1] as string).split(',');
          if (statuses.some((one) => one === status)) ids.push(fields[at] as string);
        }
        yield ids;
        if (next === '0') return;
        cursor = next;
      }
    },
    finish: async (run, opening) =>
      (await evaluate(FINISH, run, String(opening))) as 'removed' | 'continues' | 'other',
  };
}

const toClosing = (text: string): RunClosing | undefined =>
  text === 'sealed' || text === 'canceled' ? text : undefined;

function toArgument({ renderId, place, status, endedAt, ...amounts }: TalliedRender) {
  const { spentMicros, refundedMicros, possiblySpentMicros } = amounts;
  return {
    id: renderId,
    place,
    status,
    amounts: [spentMicros, refundedMicros, possiblySpentMicros],
    ...(endedAt === undefined ? {} : { minute: Math.floor(endedAt / 60_000) }),
  };
}
