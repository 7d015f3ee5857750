import type { Queues, WebhookDeadLetter } from '@darkroom/shared/queues';
import type { DeadLetter } from '@darkroom/shared/render';

/** Puts and removes dead letters. One render has one letter: its latest. */
export function openDeadLetters(queues: Queues) {
  return {
    put: async (letter: DeadLetter): Promise<void> => {
      await queues.deadLetter.remove(letter.renderId);
      await queues.deadLetter.add(letter.failure.code, letter, { jobId: letter.renderId });
    },
    remove: async (renderId: string): Promise<void> => {
      await queues.deadLetter.remove(renderId);
    },
  };
}

/** The same for webhooks, by message. */
export function openWebhookDeadLetters(queues: Queues) {
  const letters = queues.webhookDeadLetter;
  return {
    put: async (id: string, letter: WebhookDeadLetter): Promise<void> => {
      await letters.remove(id);
      await letters.add(letter.status, letter, { jobId: id });
    },
    remove: async (id: string): Promise<void> => {
      if (await letters.getJob(id)) await letters.remove(id);
    },
  };
}
