import type { Queues } from '@darkroom/shared/queues';
import { isEngineError } from '../stage/index.ts';

/**
 * Makes a function that lets a deferred webhook run now.
 *
 * @returns `moving` if the webhook is just being deferred, `gone` if it is not deferred any more. Throws if the engine is
 * away.
 */
export function createWebhookWaker({ webhook: queue }: Queues) {
  return async (deferred: { id: string; attemptsMade: number }): Promise<'woken' | 'moving' | 'gone'> => {
    const state = await queue.getJobState(deferred.id);
    if (state === 'active') return 'moving';
    const job = state === 'delayed' ? await queue.getJob(deferred.id) : undefined;
    if (job?.attemptsMade !== deferred.attemptsMade) return 'gone';
    try {
      await job.promote();
      return 'woken';
    } catch (error) {
      if (isEngineError(error)) throw error;
      // Its delay has just ended.
      return 'gone';
    }
  };
}
