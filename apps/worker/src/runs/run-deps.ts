import type { Engine, RunRef } from '@darkroom/shared/engine';
import type { Queues } from '@darkroom/shared/queues';
import type { RunEnd } from '@darkroom/shared/runs';
import type { Infra } from '../stage/index.ts';

/** What the jobs about runs need. */
export interface RunStageDeps extends Pick<Infra, 'clock' | 'log' | 'settings' | 'store'> {
  engine: Engine;
  queues: Queues;
  /** Enqueues the webhooks of an end of a run. */
  enqueueRunWebhooks(run: RunRef, end: RunEnd, signal: AbortSignal): Promise<void>;
}
