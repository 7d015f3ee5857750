import type { Queues, RunWebhookDeadLetter, WebhookDeadLetter } from '@darkroom/shared/queues';
import type { DeadLetter } from '@darkroom/shared/render';

/** The dead letters of renders. A render has at most one: that of its latest end. */
export function openDeadLetters({ deadLetter: queue }: Queues) {
  return {
    put: async (letter: DeadLetter): Promise<void> => {
      await queue.remove(letter.renderId);
      await queue.add(letter.failure.code, letter, { jobId: letter.renderId });
    },
    remove: async (renderId: string): Promise<void> => {
      await queue.remove(renderId);
    },
  };
}

/** The dead letters of webhooks, under the ids of their webhooks. */
export function openWebhookDeadLetters({ webhookDeadLetter: queue }: Queues) {
  return {
    put: async (id: string, letter: WebhookDeadLetter | RunWebhookDeadLetter): Promise<void> => {
      await queue.remove(id);
      await queue.add(letter.status, letter, { jobId: id });
    },
    remove: async (id: string): Promise<void> => {
      if (await queue.getJob(id)) await queue.remove(id);
    },
  };
}
