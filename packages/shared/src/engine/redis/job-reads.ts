import type { Queue } from 'bullmq';
import type { Engine, JobPlace, JobTime } from '../engine.ts';
import type { RedisConnection } from './connections.ts';

// Reads of many jobs in one round trip, which BullMQ's own API does not have. The layout is BullMQ's: a hash for each job
// and a sorted set for each state, below the key of the queue, so that a cluster keeps all of them in one slot.

/** Reads the field `data` of jobs. */
export async function readJobTexts(
  connection: RedisConnection,
  queue: Queue,
  jobIds: readonly string[],
): Promise<(string | undefined)[]> {
  const pipeline = connection.pipeline();
  for (const id of jobIds) pipeline.hget(queue.toKey(id), 'data');
  const texts = readReplies<string | null>(await pipeline.exec());
  return texts.map((text) => text ?? undefined);
}

/** BullMQ counts the delayed jobs of one millisecond in the lower 12 bits of their scores. */
const SCORES_PER_MS = { failed: 1, delayed: 0x1000 };

export async function readJobTimes(
  connection: RedisConnection,
  queue: Queue,
  state: 'failed' | 'delayed',
  { from, to, latestFirst = false }: Parameters<Engine['readJobTimes']>[2],
): Promise<JobTime[]> {
  const key = queue.toKey(state);
  const command = latestFirst ? 'zrevrange' : 'zrange';
  const reply = (await connection.call(command, key, from, to, 'WITHSCORES')) as string[];
  return reply.flatMap((id, index) =>
    index % 2 === 0 ? { id, at: Math.floor(Number(reply[index + 1]) / SCORES_PER_MS[state]) } : [],
  );
}

/** BullMQ's sets of ended jobs are ordered by the time of their end. */
export async function countEnded(
  connection: RedisConnection,
  queue: Queue,
  state: 'completed' | 'failed',
  times: readonly number[],
): Promise<number[]> {
  const pipeline = connection.pipeline();
  for (const [at, time] of times.entries()) {
    const next = times[at + 1];
    pipeline.zcount(queue.toKey(state), time, next === undefined ? '+inf' : `(${next}`);
  }
  return readReplies<number>(await pipeline.exec());
}

/** BullMQ counts the jobs that it adds to a priority in the lower 32 bits of their scores. */
const SCORES_PER_PRIORITY = 0x1_0000_0000;
/** Redis answers no other command while it collects them. */
const PLACES_PER_READ = 5_000;

export async function readAddedJobs(
  connection: RedisConnection,
  queue: Queue,
  priority: number,
  after?: JobPlace,
): Promise<Awaited<ReturnType<Engine['readAddedJobs']>>> {
  const key = queue.toKey('prioritized');
  const front = priority * SCORES_PER_PRIORITY;
  // When no job waits, BullMQ counts from 0 again: the scores show what was added only while this job has its place. Jobs
  // leave in the order of their scores, so when it has left, all that wait were added later.
  const known = after && Number(await connection.zscore(key, after.id)) === after.score ? after : undefined;
  // BullMQ puts a job back to the front with this score.
  const ids = known ? await connection.zrangebyscore(key, front, front) : [];
  let last = known;
  for (let from = known ? `(${known.score}` : String(front); ; from = `(${last?.score}`) {
    const reply = await connection.zrangebyscore(
      key,
      from,
      `(${front + SCORES_PER_PRIORITY}`,
      'WITHSCORES',
      'LIMIT',
      0,
      PLACES_PER_READ,
    );
    for (let at = 0; at < reply.length; at += 2) {
      last = { id: reply[at] as string, score: Number(reply[at + 1]) };
      ids.push(last.id);
    }
    if (reply.length < 2 * PLACES_PER_READ) return { ids, last };
  }
}

/** Skips from one priority to the next. KEYS: the prioritized jobs. ARGV: scores per priority. */
const COUNT_PRIORITIES = `
local found = {}
local from = '-inf'
while true do
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then return found end
  local priority = math.floor(tonumber(first[2]) / ARGV[1])
  local next = string.format('%.0f', (priority + 1) * ARGV[1])
  found[#found + 1] = priority
  found[#found + 1] = redis.call('ZCOUNT', KEYS[1], first[2], '(' .. next)
  from = next
end
`;

export async function countPriorities(
  connection: RedisConnection,
  queue: Queue,
): Promise<Awaited<ReturnType<Engine['countPriorities']>>> {
  const key = queue.toKey('prioritized');
  const found = (await connection.eval(COUNT_PRIORITIES, 1, key, SCORES_PER_PRIORITY)) as number[];
  return found.flatMap((priority, at) => (at % 2 === 0 ? [{ priority, count: found[at + 1] ?? 0 }] : []));
}

export async function readFirstJobs(
  connection: RedisConnection,
  queue: Queue,
  wanted: Parameters<Engine['readFirstJobs']>[1],
): Promise<string[][]> {
  const key = queue.toKey('prioritized');
  const pipeline = connection.pipeline();
  for (const { priority, count } of wanted) {
    const front = priority * SCORES_PER_PRIORITY;
    pipeline.zrangebyscore(key, front, `(${front + SCORES_PER_PRIORITY}`, 'LIMIT', 0, count);
  }
  return readReplies<string[]>(await pipeline.exec());
}

export async function findPriorityPlace(
  connection: RedisConnection,
  queue: Queue,
  id: string,
): Promise<Awaited<ReturnType<Engine['findPriorityPlace']>>> {
  const key = queue.toKey('prioritized');
  const score = Number((await connection.zscore(key, id)) ?? Number.NaN);
  if (Number.isNaN(score)) return undefined;
  const priority = Math.floor(score / SCORES_PER_PRIORITY);
  return { priority, before: await connection.zcount(key, priority * SCORES_PER_PRIORITY, `(${score}`) };
}

export async function findExistingJobs(
  connection: RedisConnection,
  queue: Queue,
  jobIds: readonly string[],
): Promise<Set<string>> {
  const pipeline = connection.pipeline();
  for (const id of jobIds) pipeline.exists(queue.toKey(id));
  const found = readReplies<number>(await pipeline.exec());
  return new Set(jobIds.filter((_, at) => found[at] === 1));
}

function readReplies<T>(replies: [error: Error | null, result: unknown][] | null): T[] {
  return (replies ?? []).map(([error, result]) => {
    if (error) throw error;
    return result as T;
  });
}
