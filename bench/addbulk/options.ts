export interface RawOptions {
  /** As it stands in the keys, in braces. */
  prefix: string;
  /** Jobs of each measurement. */
  jobs: number;
  /** Jobs of one `addBulk` that are tried. */
  chunks: number[];
  /** `addBulk` calls that are under way together, where they are not sent one after the other. */
  together: number;
  /** `add` calls that are under way together. */
  singles: number;
}

export interface RawRate {
  per_second: number;
  /** CPU time of the process per job, in microseconds. */
  cpu_us: number;
}

export interface RawResult {
  bulk: (RawRate & { chunk: number })[];
  /** With the smallest chunk. */
  together: RawRate;
  single: RawRate;
}
