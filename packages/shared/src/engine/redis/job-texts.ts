import type { Queue } from 'bullmq';
import type { RedisConnection } from './connections.ts';

/**
 * Reads the field `data` of jobs in one round trip. The layout is BullMQ's: a hash for each job, below the queue's own
 * key, so that a cluster keeps all of them in one slot.
 */
export async function readJobTexts(
  connection: RedisConnection,
  queue: Queue,
  jobIds: readonly string[],
): Promise<(string | undefined)[]> {
  const pipeline = connection.pipeline();
  for (const id of jobIds) pipeline.hget(queue.toKey(id), 'data');
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, text]) => {
    if (error) throw error;
    return (text as string | null) ?? undefined;
  });
}
