import type { RestoreReport } from '@darkroom/shared/queues';

/** The options of a process that restores one queue. */
export interface RestorerOptions {
  /** A folder with the data of a store. */
  storeUrl: string;
  prefix: string;
  dataDir: string;
}

export interface RestorerResult {
  ms: number;
  /** Requests to the store. */
  requests: number;
  /** Bytes: the resident set when a tenth of the objects was read, and its peak. */
  rss_early: number;
  rss_peak: number;
  /** Whether every report of the progress was at least the one before, and the last one 100 %. */
  progress_correct: boolean;
  report: RestoreReport;
}
