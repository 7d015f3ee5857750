import type { PausableQueue } from '@darkroom/api';
import type { DATA_VERSION } from '../render/index.ts';

/** An operator's pause. BullMQ's own pause stops the queue; this record says who paused it, why and when. */
export interface PauseRecord {
  version: typeof DATA_VERSION;
  kind: 'pause';
  queue: PausableQueue;
  actor: string;
  reason: string;
  /** Unix milliseconds. */
  since: number;
}

/**
 * The provider's account cannot buy, so no worker submits. Workers write and lift it. It is never BullMQ's pause: that
 * belongs to the operators.
 */
export interface AccountStop {
  version: typeof DATA_VERSION;
  kind: 'account';
  reason: 'unauthorized' | 'insufficient_quota';
  /** Unix milliseconds. */
  since: number;
  /** How often a submission was refused since then, with a check of the account between each two. */
  refusals: number;
  /** The account's balance at the last refusal, in the provider's own unit. Absent if it could not be read. */
  balance?: number;
  /** When (Unix ms) submissions were allowed again. The next purchase ends the stop, the next refusal renews it. */
  liftedAt?: number;
  /** A random token of the worker that added the stop, and raises the alarm. */
  creatorToken: string;
}

/** Changes whenever an operator changes a pause, a limit or a drain in the object store. Every process reads the store again then. */
export interface ControlRevision {
  version: typeof DATA_VERSION;
  kind: 'revision';
  revision: string;
}

/** The data of a job in the queue `stop`, which has no worker. */
export type StopJob = PauseRecord | AccountStop | ControlRevision;
