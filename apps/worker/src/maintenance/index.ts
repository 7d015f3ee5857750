// Chores of the queue `maintenance`, and what they share with the stages.
//
// sweep.ts                 ends renders that BullMQ failed without a run of ours
// open-failures.ts         lists failed renders without a dead letter; remembers the others
// sweep-cancel-markers.ts  wakes renders whose cancel marker no run has seen
// sweep-delays.ts          wakes jobs that were delayed while a clock was ahead
// sweep-holds.ts           wakes held renders whose grace time has ended
// sweep-receipts.ts        writes missing receipts of renders that have ended
// expiring-images.ts       warns of paid images that expire before they are stored
// record-balance.ts        writes down the provider's balance, for reconciliation
// account-gate.ts          stops submissions while the provider's account cannot buy
// check-account.ts         checks a stopped account and lets submissions go on
export * from './account-gate.ts';
export * from './check-account.ts';
export * from './expiring-images.ts';
export { createSweepMemory } from './open-failures.ts';
export * from './record-balance.ts';
export * from './sweep.ts';
export * from './sweep-cancel-markers.ts';
export { type SweepDelaysDeps, sweepDelays } from './sweep-delays.ts';
export * from './sweep-holds.ts';
export * from './sweep-receipts.ts';
