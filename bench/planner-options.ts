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
}

export interface PlannerResult {
  ms: number;
  /** The peak of the resident set, in bytes. */
  rss_peak: number;
  bought: number;
  unchanged: number;
  removed: number;
}
