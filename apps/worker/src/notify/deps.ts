import type { NotifyDeadLetter, ObjectStore } from '@darkroom/shared';
import type { StageParts } from '../parts.ts';
import type { Poster } from './post.ts';

/** What telling works with. */
export interface NotifyDeps extends Omit<StageParts, 'provider'> {
  store: ObjectStore;
  poster: Poster;
  notifyDeadLetters: {
    put(id: string, letter: NotifyDeadLetter): Promise<void>;
    remove(id: string): Promise<void>;
  };
}
