import type { DATA_VERSION } from '../render/index.ts';

/**
 * The data of a job about runs.
 *
 * - `fill`: counts the renders of all open runs again whose tallies the engine has lost
 * - `end`: ends a closed run whose renders have all ended, as its end number `opening`
 * - `stop`: wakes the renders of a canceled run, or of one whose deadline has passed, that were not bought
 */
export type RunJob = { version: typeof DATA_VERSION } & (
  | { kind: 'fill' }
  | { kind: 'end'; tenant: string; id: string; opening: number }
  | { kind: 'stop'; tenant: string; id: string }
);
