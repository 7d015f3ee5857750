import type { DATA_VERSION } from '../render/index.ts';

/** The data of the job of a batch. The store has everything that the batch itself needs. Its job id is derived from the batch. */
export interface BatchJob {
  version: typeof DATA_VERSION;
  tenant: string;
  batch: string;
  /** For people. `render`: adds renders, and waits for them. */
  phase: 'validate' | 'render' | 'finish';
  /** Its run was created. Absent: a worker creates it, which may be repeated. */
  hasRun?: true;
  /** Parts whose renders were added. Absent: a worker counts the marks in the store. */
  added?: number;
  parts?: number;
  /** Why it waits although it could go on, for people. */
  waits?: string;
}
