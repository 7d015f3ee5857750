import { announceChange } from '@darkroom/shared/control';
import type { Queues } from '@darkroom/shared/queues';
import { errorMessage, type Logger } from '@darkroom/shared/runtime';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The store has a change. Without the mark in the queue, workers see it half a minute later. Never rejects. */
export const createAnnouncer =
  ({ queues, logger }: { queues: Queues; logger: Logger }) =>
  () =>
    withQueueDeadline(QUEUE_DEADLINE_MS.redis.one, announceChange(queues)).catch((error: unknown) => {
      logger.warn({ err: errorMessage(error) }, 'change of a control not announced: workers see it later');
    });
