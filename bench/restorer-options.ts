import type { RestoreReport } from '@darkroom/shared/queues';

/** The options of a process that restores one queue. */
export interface RestorerOptions {
  /** A folder with the data of a store. */
  storeUrl: string;
  prefix: string;
  dataDir: string;
  /** Measures the memory after forced garbage collections, which change time and peak. */
  measureHeld: boolean;
}

export interface RestorerResult {
  ms: number;
  /** Requests to the store. */
  requests: number;
  /** The peak of the resident set, in bytes. */
  rss_peak: number;
  /** Bytes of heap and buffers after a garbage collection, every 1,000 requests. Empty without `measureHeld`. */
  held: number[];
  /** Whether every report of the progress was at least the one before, and the last one 100 %. */
  progress_correct: boolean;
  report: RestoreReport;
}
