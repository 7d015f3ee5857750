import type { BatchEnd, BatchRecord, BatchStore, FileStore } from '@darkroom/shared/batches';
import type { Engine } from '@darkroom/shared/engine';
import type { BatchJob, Queues } from '@darkroom/shared/queues';
import type { RenderIntake } from '../intake/index.ts';
import type { Infra, StageJob } from '../stage/index.ts';

export interface BatchDeps {
  engine: Engine;
  queues: Queues;
  batches: BatchStore;
  files: FileStore;
  intake: RenderIntake;
  /** Whether the queue may lack renders at the moment. */
  isIncomplete(): Promise<boolean>;
}

/** How a batch ended, and since when nothing more was bought. */
export type BatchOutcome = Pick<BatchEnd, 'status' | 'finalizingAt'>;

/** One batch, as all of its phases see it. */
export interface BatchContext {
  batch: BatchRecord;
  job: StageJob<BatchJob>;
  infra: Infra;
  own: BatchDeps;
  /** Writes what people see, and what the next round need not read again. */
  save(change: Partial<BatchJob>): Promise<void>;
  /** As it was saved last. */
  readonly data: BatchJob;
}
