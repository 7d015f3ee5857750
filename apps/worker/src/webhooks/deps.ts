import type { LinkSigner } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { WebhookDeadLetter, WebhookJob } from '@darkroom/shared/queues';
import type { StageParts } from '../stage/infra.ts';
import type { Death, Outcome } from '../stage/stage.ts';
import type { Places } from './host-slots.ts';
import type { Poster } from './poster.ts';

/** What telling works with. */
export interface NotifyDeps extends Omit<StageParts, 'provider'> {
  store: ObjectStore;
  /** Of the API's own addresses, for stores that cannot sign. */
  links: LinkSigner;
  poster: Poster;
  places: Places;
  notifyDeadLetters: {
    put(id: string, letter: WebhookDeadLetter): Promise<void>;
    remove(id: string): Promise<void>;
  };
}

/** How a try ends. */
export type NotifyOutcome = Outcome<void, WebhookJob, Death>;
