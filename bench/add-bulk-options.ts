export interface AddBulkOptions {
  /** The key prefix, with braces. */
  prefix: string;
  /** Jobs in each measurement. */
  jobs: number;
  /** The chunk sizes of `addBulk` that are measured. */
  chunks: number[];
  /** How many `addBulk` calls run at the same time in the concurrent measurement. */
  concurrentBulks: number;
  /** How many `add` calls run at the same time. */
  concurrentAdds: number;
}

export interface AddRate {
  per_second: number;
  /** CPU time of the process per job, in microseconds. */
  cpu_us: number;
}

export interface AddBulkResult {
  bulk: (AddRate & { chunk: number })[];
  /** With the smallest chunk. */
  concurrent: AddRate;
  single: AddRate;
}
