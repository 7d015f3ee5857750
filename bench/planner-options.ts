/** The options of a process that plans one catalogue. */
export interface PlannerOptions {
  /** The folder with the source. */
  folder: string;
  /** The catalogue file's text. */
  file: string;
  /** The last manifest. Undefined on the first night. */
  manifest: string | undefined;
  /** Where the manifest of a run of this plan is written. Such a run is not measured. */
  writeTo: string | undefined;
  /** Measures the memory after forced garbage collections, which change time and peak. */
  measureHeld: boolean;
}

export interface PlannerResult {
  ms: number;
  /** CPU time of all threads. Other load on the machine hardly changes it. */
  cpu_ms: number;
  /** The peak of the resident set, in bytes. */
  rss_peak: number;
  /** The most bytes of heap and buffers after a garbage collection, every 2,000 decisions. 0 without `measureHeld`. */
  held_most: number;
  bought: number;
  unchanged: number;
  removed: number;
}
