/** The I/O of a render outside its queues. Each kind can be added to the skeleton separately. */
export type IoKind = 'http' | 'ledger' | 'image';

export interface SkeletonOptions {
  /** The key prefix, with braces. */
  prefix: string;
  polls: number;
  pollDelayMs: number;
  io: IoKind[];
  /** The URL of the simulator; required for `http`. */
  upstream?: string;
  /** The folder of ledger and images; required for `ledger` and `image`. */
  dataDir?: string;
}
