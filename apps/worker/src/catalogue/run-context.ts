import type { CatalogueRunStore, DigitalSourceType, RunId, RunRequest } from '@darkroom/catalogue';
import type { CatalogueJob } from '@darkroom/shared/queues';
import type { RenderIntake } from '../intake/index.ts';
import type { Infra, StageJob } from '../stage/index.ts';

/** What is known of a render in the queue. `absent`: the queue does not have it. */
export type QueuedState = 'running' | 'ended' | 'absent';

/** The renders of a run in the queue. */
export interface RunRenders {
  readState(renderId: string): Promise<QueuedState>;
  /** Makes renders buy nothing more. What they have bought is still stored. */
  stopPurchases(renderIds: readonly string[], stop: { tenant: string; requestedAt: number }): Promise<void>;
}

export interface CatalogueDeps {
  runs: CatalogueRunStore;
  renders: RunRenders;
  intake: RenderIntake;
  /** Enqueues the webhook about the end of a run. A second call adds none. */
  enqueueWebhook(ended: RunId & { endedAt: number }, url: string, signal: AbortSignal): Promise<void>;
  /** Whether the queue may lack renders at the moment. */
  isIncomplete(): Promise<boolean>;
}

/** One run, as all of its phases see it. */
export interface RunContext {
  id: RunId;
  request: RunRequest;
  /** What is written into the delivered images. */
  sourceType: DigitalSourceType | null;
  job: StageJob<CatalogueJob>;
  infra: Infra;
  own: CatalogueDeps;
}
