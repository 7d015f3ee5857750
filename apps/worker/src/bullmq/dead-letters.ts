import type { DeadLetter, Queues } from '@darkroom/shared';

/** Puts and removes dead letters. One render has one letter: its latest. */
export function deadLettersOf(queues: Queues) {
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
