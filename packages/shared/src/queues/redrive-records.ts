import type { DATA_VERSION } from '../render/index.ts';

/** The counts of one part: started, done (with canceled renders), skipped, failed, purchases, their price in micro-dollars. */
export type PartCounts = [
  started: number,
  done: number,
  skipped: number,
  failed: number,
  buys: number,
  spendMicros: number,
];

/** The data of a redrive's job. Its job id is the id of the redrive. */
export interface RedriveJob {
  version: typeof DATA_VERSION;
  key: string;
  total: number;
  /** Unix milliseconds: when a worker began. */
  startedAt?: number;
  /** The part whose renders are being started. */
  part: number;
  /** The marks of this part. Empty: none of its renders was read. */
  marks: string;
  /** The counts of each part, up to the present one. */
  counts: PartCounts[];
  /** Unix milliseconds: when the next render is due. */
  nextAt?: number;
  /** Milliseconds: how much it is behind its rate. */
  debtMs?: number;
  /** The part whose running renders are checked next. */
  nextCheck: number;
  /** Why no more renders are started. */
  stop?: { kind: 'canceled' | 'max_jobs' | 'max_spend' | 'error'; reason: string };
  paused?: { reason: string };
}
