// How tenants share a lane.
//
// fair-turns.ts   whose turn is next (pure)
// share-watch.ts  moves the jobs whose turn it is to the front of their lane (main decision: how many)
// live-shares.ts  the shares of this process: of its settings, or of an operator
export { createLiveShares } from './live-shares.ts';
export { openShareWatch } from './share-watch.ts';
