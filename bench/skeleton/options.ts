/** What a render costs besides its queue. Each can be added to the skeleton alone. */
export type Extra = 'http' | 'ledger' | 'image';

export interface SkeletonOptions {
  /** As it stands in the keys, in braces. */
  prefix: string;
  polls: number;
  pollDelayMs: number;
  extras: Extra[];
  /** The simulator; needed for `http`. */
  upstream?: string;
  /** Folder of ledger and images; needed for `ledger` and `image`. */
  dataDir?: string;
}
