import type { Queues } from '@darkroom/shared/queues';
import { isEngineError } from '../stage/engine-errors.ts';
import type { HostSlotsOptions } from '../webhooks/index.ts';

/** Has a webhook that waits for a place come now. */
export function createWebhookWaker(queues: Queues): HostSlotsOptions['wake'] {
  return async ({ id, attemptsMade }) => {
    const state = await queues.webhook.getJobState(id);
    if (state === 'active') return 'moving';
    const job = state === 'delayed' ? await queues.webhook.getJob(id) : undefined;
    if (job?.attemptsMade !== attemptsMade) return 'gone';
    try {
      await job.promote();
      return 'woken';
    } catch (error) {
      if (isEngineError(error)) throw error;
      // Its time had come.
      return 'gone';
    }
  };
}
