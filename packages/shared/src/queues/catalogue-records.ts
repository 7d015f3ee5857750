import type { DATA_VERSION } from '../render/index.ts';

/** How far a run of a catalogue is, for people. The store has everything that the run itself needs. */
export interface CatalogueProgress {
  /** Images that the catalogue wants. */
  items: number;
  /** Images that the plan buys, and their price in micro-dollars. */
  buys: number;
  priceMicros: number;
  /** Parts of the plan whose renders were not added to the queue yet. */
  partsWaiting: number;
  /** Renders in the queue that have not ended. */
  pending: number;
  /** Items whose renders have ended, and items that need none. */
  ended: number;
  /** Items that ended per minute, in the last ten minutes. Absent: none did. */
  endedPerMinute?: number;
  /** Items whose result is in the store: the sum of the counts that follow. */
  delivered: number;
  bought: number;
  unchanged: number;
  failed: number;
  notBought: number;
  quarantined: number;
  spentMicros: number;
}

/** The data of the job of a run of a catalogue. Its job id is derived from tenant, catalogue and run. */
export interface CatalogueJob {
  version: typeof DATA_VERSION;
  tenant: string;
  catalogue: string;
  run: string;
  /** Unix milliseconds: when a worker began. */
  startedAt?: number;
  /** `render`: adds renders, and waits for them. */
  phase: 'plan' | 'render' | 'deliver';
  /** Why nothing more is bought. */
  stop?: 'deadline' | 'canceled';
  progress?: CatalogueProgress;
  /** Why it waits although it could go on, for people: an unexpected error, or another run. */
  waits?: string;
}
