/** The options of a process that runs catalogues, and no renders. */
export interface ExpanderOptions {
  storeUrl: string;
  dataDir: string;
  prefix: string;
  /** Items that have ended at the second measurement of what is held. The first one is at the start of the rendering. */
  measureAt: number;
}

export interface ExpanderResult {
  ms: Record<'plan' | 'render' | 'deliver', number>;
  /** CPU time of all threads, in these phases. Other load on the machine hardly changes it. */
  cpu_ms: Record<'plan' | 'render' | 'deliver', number>;
  /** Bytes of heap and buffers after a garbage collection: when the first renders have ended, and near the end. */
  held: { first: number; last: number };
  /** The peak of the resident set, in bytes. */
  rss_peak: number;
}
