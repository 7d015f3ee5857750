import type { LinkSigner } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { WebhookDeadLetter, WebhookJob } from '@darkroom/shared/queues';
import type { Infra } from '../stage/infra.ts';
import type { StageFailure, StageOutcome } from '../stage/stage.ts';
import type { HostSlots } from './host-slots.ts';
import type { Poster } from './poster.ts';

/** What telling works with. */
export interface NotifyDeps extends Omit<Infra, 'provider'> {
  store: ObjectStore;
  /** Of the API's own addresses, for stores that cannot sign. */
  links: LinkSigner;
  poster: Poster;
  places: HostSlots;
  notifyDeadLetters: {
    put(id: string, letter: WebhookDeadLetter): Promise<void>;
    remove(id: string): Promise<void>;
  };
}

/** How a try ends. */
export type NotifyOutcome = StageOutcome<void, WebhookJob, StageFailure>;
